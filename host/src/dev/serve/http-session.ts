import { type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ExitCode } from "../../common/exit-code.ts";
import { bootstrapText } from "../proxy/bootstrap-text.ts";
import { startProxy, untilExit } from "../proxy/proxy-process.ts";
import { PushedFilter } from "../proxy/pushed-filter.ts";
import { oneAtATime, watchSource } from "../proxy/source-watch.ts";
import { capabilities, filterProblem } from "./check-filter.ts";
import type { DevCommand } from "./dev-arguments.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { logEvent } from "./proxy-log.ts";
import { mendFor, oldOneStays } from "./refusal-text.ts";
import { requestText } from "./request-text.ts";
import { sinceSaved } from "./saved.ts";
import { TraceFollower } from "./trace-follower.ts";

/** HTTP filters in a proxy of their own, swapped whenever they are saved, until it ends. */
export class HttpSession {
  readonly #command: DevCommand;
  readonly #folder: string;
  readonly #filters: readonly PushedFilter[];
  readonly #followers: TraceFollower[] = [];
  #proxy: ChildProcess | undefined = undefined;
  #serves = false;
  #refusedAtStart = false;
  #lastLineShown = false;

  constructor(command: DevCommand, folder: string) {
    this.#command = command;
    this.#folder = folder;
    this.#filters = command.filters.map((filter) => this.#pushed(filter));
  }

  async run(): Promise<number> {
    for (const filter of this.#filters) {
      const pushed = await filter.push();
      if (pushed.kind !== "refused") continue;
      console.error(pushed.problem);
      return ExitCode.config;
    }
    const upstream = this.#command.upstream === undefined ? await startEchoUpstream() : undefined;
    const server = this.#command.upstream ?? { host: "127.0.0.1", port: upstream!.port };
    const proxy = this.#start(server);
    const watchers = this.#filters.map((filter) =>
      watchSource(
        filter.file,
        oneAtATime(() => this.#saved(filter)),
      ),
    );
    try {
      const code = await untilExit(proxy);
      return this.#refusedAtStart ? ExitCode.config : code;
    } finally {
      for (const watcher of watchers) watcher.close();
      for (const follower of this.#followers) follower.close();
      upstream?.close();
    }
  }

  #pushed({ name, file }: DevCommand["filters"][number]): PushedFilter {
    const { configuration, allowed } = this.#command;
    const filter: PushedFilter = new PushedFilter({
      name,
      file,
      folder: this.#folder,
      configuration,
      capabilities: capabilities(allowed),
      optimize: false,
      check: (built) => filterProblem(filter.source, built, { allowed, place: "http" }),
    });
    return filter;
  }

  #start(upstream: { readonly host: string; readonly port: number }): ChildProcess {
    const { port, adminPort = 0 } = this.#command;
    const config = path.join(this.#folder, "dev.yaml");
    const filters = this.#filters;
    const { clusters } = this.#command;
    const ports = { proxyPort: port, adminPort };
    const parts = { madeBy: "sluice dev", ...ports, upstream, clusters, filters };
    writeFileSync(config, bootstrapText(parts));
    const args = ["-c", config, "--admin-address-path", this.#adminFile, "--concurrency", "2"];
    const levels = ["--component-log-level", "wasm:trace,lua:trace"];
    this.#proxy = startProxy([...args, ...levels], {
      onReady: () => void this.#ready(),
      onLine: (line) => this.#logged(line),
    });
    return this.#proxy;
  }

  get #adminFile(): string {
    return path.join(this.#folder, "admin");
  }

  async #ready(): Promise<void> {
    if (this.#refusedAtStart) return;
    const adminPort = Number(readFileSync(this.#adminFile, "utf8").split(":").at(-1));
    for (const filter of this.#filters) {
      const follower = new TraceFollower(adminPort, filter.name, (seen) => {
        // One without messages had begun before the trace.
        if (seen.changes.length > 0) process.stdout.write(requestText(seen, this.#command));
      });
      this.#followers.push(follower);
      await follower
        .start()
        .catch((error: unknown) => console.error(`${filter.name}: ${String(error)}`));
    }
    this.#serves = true;
    console.log(tourText(this.#command, this.#filters, adminPort));
  }

  #logged(line: string): void {
    if (this.#command.log) console.error(line);
    const event = logEvent(line);
    switch (event.kind) {
      case "live":
        return this.#live(event.filter);
      case "refused":
        return this.#refused(event.resource, event.reason, line);
      case "shown":
      case "more":
        if (event.kind === "shown") this.#lastLineShown = true;
        if (this.#lastLineShown && !this.#command.log) console.error(event.text);
        return;
      case "other":
        this.#lastLineShown = false;
        return;
    }
  }

  #live(name: string): void {
    this.#lastLineShown = false;
    const filter = this.#filters.find((other) => other.name === name);
    if (filter === undefined || !this.#serves) return;
    console.log(`${filter.source} saved: live after ${sinceSaved(filter.file)} ms`);
  }

  #refused(resource: string, reason: string, line: string): void {
    // The frames of a trap follow.
    this.#lastLineShown = true;
    const filter = this.#filters.find((other) => other.resource === resource);
    if (filter === undefined) return console.error(line);
    filter.forget();
    console.error(filter.explain(line) ?? `${filter.source}: ${reason}${mendFor(reason)}`);
    if (this.#serves) return console.error(oldOneStays);
    this.#refusedAtStart = true;
    this.#proxy?.kill("SIGTERM");
  }

  async #saved(filter: PushedFilter): Promise<void> {
    const pushed = await filter.push();
    if (pushed.kind === "refused") console.error(`${pushed.problem}\n${oldOneStays}`);
    else if (pushed.kind === "same") console.log(`${filter.source} saved: nothing is different`);
  }
}

function tourText(
  { port }: DevCommand,
  filters: readonly PushedFilter[],
  adminPort: number,
): string {
  return `
Try it:  curl -i http://127.0.0.1:${port}/
Edit:    ${filters.map(({ source }) => source).join(", ")}     (save, and the next request sees it)
Admin:   http://127.0.0.1:${adminPort}/
Ctrl-C ends it.
`;
}
