import { type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ExitCode } from "../../common/exit-code.ts";
import { startProxy, untilExit } from "../proxy/proxy-process.ts";
import { PushedFilter } from "../proxy/pushed-filter.ts";
import { oneAtATime, watchSource } from "../proxy/source-watch.ts";
import { capabilities, filterProblem } from "./check-filter.ts";
import type { DevCommand, DevPlace } from "./dev-arguments.ts";
import { logEvent } from "./proxy-log.ts";
import { mendFor, oldOneStays } from "./refusal-text.ts";
import { sinceSaved } from "./saved.ts";
import { type Stage, stages } from "./stages.ts";
import { TraceFollower } from "./trace-follower.ts";

/** Filters in a proxy of their own, swapped whenever they are saved, until it ends. */
export class FilterSession {
  readonly #command: DevCommand;
  readonly #folder: string;
  readonly #place: DevPlace;
  readonly #stage: Stage;
  readonly #filters: readonly PushedFilter[];
  readonly #followers: TraceFollower[] = [];
  #proxy: ChildProcess | undefined = undefined;
  #serves = false;
  #refusedAtStart = false;
  #lastLineShown = false;

  constructor(command: DevCommand, folder: string, place: DevPlace) {
    this.#command = command;
    this.#folder = folder;
    this.#place = place;
    this.#stage = stages[place];
    this.#filters = command.filters.map((filter) => this.#pushed(filter));
  }

  async run(): Promise<number> {
    for (const filter of this.#filters) {
      const pushed = await filter.push();
      if (pushed.kind !== "refused") continue;
      console.error(pushed.problem);
      return ExitCode.config;
    }
    const own = this.#command.upstream === undefined;
    const upstream = own ? await this.#stage.startUpstream() : undefined;
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
      moduleMessage: this.#stage.moduleMessage,
      configuration,
      capabilities: capabilities(allowed),
      optimize: false,
      check: (built) => filterProblem(filter.source, built, { allowed, place: this.#place }),
    });
    return filter;
  }

  #start(upstream: { readonly host: string; readonly port: number }): ChildProcess {
    const { port, adminPort = 0 } = this.#command;
    const config = path.join(this.#folder, this.#stage.configFile);
    const filters = this.#filters;
    const { clusters } = this.#command;
    const parts = { proxyPort: port, adminPort, upstream, clusters, filters };
    writeFileSync(config, this.#stage.bootstrap(parts));
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
      const follower = new TraceFollower(
        adminPort,
        filter.name,
        (seen) => process.stdout.write(this.#stage.streamText(seen, this.#command)),
        (line) => process.stdout.write(this.#stage.otherText(line, this.#command)),
      );
      this.#followers.push(follower);
      await follower
        .start()
        .catch((error: unknown) => console.error(`${filter.name}: ${String(error)}`));
    }
    this.#serves = true;
    console.log(this.#tourText(adminPort));
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

  #tourText(adminPort: number): string {
    const stage = this.#stage;
    return `
Try it:  ${stage.tryIt(this.#command.port)}
Edit:    ${this.#filters.map(({ source }) => source).join(", ")}     (save, and the next ${stage.next} sees it)
Admin:   http://127.0.0.1:${adminPort}/
Ctrl-C ends it.
`;
  }
}
