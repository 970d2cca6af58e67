import { type ChildProcess } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ExitCode } from "../../common/exit-code.ts";
import { buildFilter, shown } from "../../filter-source/build-filter.ts";
import { pluginConfig } from "../proxy/plugin-config.ts";
import { startProxy, untilExit } from "../proxy/proxy-process.ts";
import { oneAtATime, watchSource } from "../proxy/source-watch.ts";
import { capabilities, filterProblem } from "./check-filter.ts";
import { connectionBootstrap, type ConnectionPlace } from "./connection-bootstrap.ts";
import type { DevCommand } from "./dev-arguments.ts";
import { startTcpEcho } from "./echo-upstream.ts";
import { logEvent } from "./proxy-log.ts";
import { mendFor, oldOneStays } from "./refusal-text.ts";
import { connectionText } from "./request-text.ts";
import { sinceSaved } from "./saved.ts";
import { TraceFollower } from "./trace-follower.ts";

/** A proxy with one version of the filter. */
interface Generation {
  readonly process: ChildProcess;
  readonly exited: Promise<number>;
  readonly serves: Promise<boolean>;
}

/**
 * A network or listener filter in a proxy of its own. Such filters are not swapped in a running proxy: the next version
 * has the next proxy at the same port, and the one before ends when that serves.
 */
export class ConnectionSession {
  readonly #command: DevCommand;
  readonly #folder: string;
  readonly #place: ConnectionPlace;
  #upstream = { host: "127.0.0.1", port: 0 };
  #version = 0;
  #running: Generation | undefined = undefined;
  #bytes: Uint8Array | undefined = undefined;
  #ending = false;

  constructor(command: DevCommand, folder: string, place: ConnectionPlace) {
    this.#command = command;
    this.#folder = folder;
    this.#place = place;
  }

  async run(): Promise<number> {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => (this.#ending = true));
    }
    const echo = this.#command.upstream === undefined ? await startTcpEcho() : undefined;
    this.#upstream = this.#command.upstream ?? { host: "127.0.0.1", port: echo!.port };
    const { file } = this.#filter;
    try {
      if (!(await this.#next())) return ExitCode.config;
      console.log(tourText(this.#command.port, shown(file)));
      const watcher = watchSource(
        file,
        oneAtATime(() => this.#saved()),
      );
      try {
        return await this.#untilEnded();
      } finally {
        watcher.close();
      }
    } finally {
      echo?.close();
    }
  }

  get #filter(): DevCommand["filters"][number] {
    return this.#command.filters[0]!;
  }

  /** The exit code of the last proxy. */
  async #untilEnded(): Promise<number> {
    for (;;) {
      const running = this.#running!;
      const code = await running.exited;
      if (this.#ending || this.#running === running) return code;
    }
  }

  async #saved(): Promise<void> {
    const { file } = this.#filter;
    const before = this.#version;
    if (!(await this.#next())) return console.error(oldOneStays);
    const what =
      this.#version === before ? "nothing is different" : `live after ${sinceSaved(file)} ms`;
    console.log(`${shown(file)} saved: ${what}`);
  }

  /** Builds the filter and brings it into a proxy; false, and the reason is printed, when it cannot run. */
  async #next(): Promise<boolean> {
    const { name, file } = this.#filter;
    const { allowed, configuration } = this.#command;
    const built = await buildFilter(file, { optimize: false });
    const problem = built.ok
      ? await filterProblem(shown(file), built.filter, { allowed, place: this.#place })
      : built.problem;
    if (problem !== undefined || !built.ok || built.filter.kind !== "wasm") {
      console.error(problem);
      return false;
    }
    const { bytes } = built.filter;
    if (this.#bytes !== undefined && Buffer.compare(this.#bytes, bytes) === 0) return true;
    this.#version += 1;
    const filename = path.join(this.#folder, `${name}-${this.#version}.wasm`);
    writeFileSync(filename, bytes);
    const plugin = pluginConfig({
      name,
      filename,
      configuration,
      capabilities: capabilities(allowed),
    });
    const next = this.#start(plugin);
    if (!(await next.serves)) return false;
    const before = this.#running;
    this.#running = next;
    this.#bytes = bytes;
    before?.process.kill("SIGTERM");
    return true;
  }

  #start(plugin: { readonly name: string }): Generation {
    const config = path.join(this.#folder, `dev-${this.#version}.json`);
    const adminFile = path.join(this.#folder, `admin-${this.#version}`);
    const { port, adminPort = 0 } = this.#command;
    const upstream = this.#upstream;
    const { clusters } = this.#command;
    const parts = { place: this.#place, proxyPort: port, adminPort, upstream, clusters, plugin };
    writeFileSync(config, connectionBootstrap(parts));
    const serves = Promise.withResolvers<boolean>();
    const args = ["-c", config, "--admin-address-path", adminFile, "--concurrency", "2"];
    // Requests in flight of the version before get no longer than a save is waited for.
    const flags = ["--component-log-level", "wasm:trace", "--shutdown-grace-s", "1"];
    const started = startProxy([...args, ...flags], {
      onReady: () => void this.#follow(adminFile).then(() => serves.resolve(true)),
      onLine: (line) => this.#logged(line, config),
    });
    const exited = untilExit(started);
    void exited.then(() => {
      serves.resolve(false);
      rmSync(config, { force: true });
    });
    return { process: started, exited, serves: serves.promise };
  }

  async #follow(adminFile: string): Promise<void> {
    const adminPort = Number(readFileSync(adminFile, "utf8").split(":").at(-1));
    const follower = new TraceFollower(adminPort, this.#filter.name, (seen) =>
      process.stdout.write(connectionText(seen, this.#command)),
    );
    await follower.start().catch((error: unknown) => console.error(String(error)));
  }

  #logged(line: string, config: string): void {
    if (this.#command.log) return console.error(line);
    const event = logEvent(line);
    if (event.kind === "refused" && event.resource === config) {
      const { reason } = event;
      return console.error(`${shown(this.#filter.file)}: ${reason}${mendFor(reason)}`);
    }
    if (event.kind === "shown" || event.kind === "more") console.error(event.text);
  }
}

function tourText(port: number, source: string): string {
  return `
Try it:  nc 127.0.0.1 ${port}
Edit:    ${source}     (save, and the next connection sees it)
Ctrl-C ends it.
`;
}
