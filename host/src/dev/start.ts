import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ExitCode } from "../common/exit-code.ts";
import { type DemoArguments, parseDemoArguments } from "./demo-arguments.ts";
import { demoBootstrap } from "./demo-bootstrap.ts";
import { type DemoFilter, luaDemoFilter, wasmDemoFilter } from "./demo-filters.ts";
import { startDemoUpstream } from "./demo-upstream.ts";

/** Editors write a file in several steps; what comes within this time is one save. */
const settleMs = 30;

/**
 * `npm start`: builds the sample filters, runs the proxy with them and an upstream, and pushes a filter whenever its
 * source is saved. Ends with the proxy. `--port` and `--admin-port` choose other ports than 10000 and 9901; what else
 * is in `args` is for the proxy.
 */
export async function startDemo(args: readonly string[]): Promise<number> {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  if (!existsSync(path.join(root, "sample-filters"))) {
    console.error(
      "sluice start: there is no sample-filters folder here; it is for a checkout of the project",
    );
    return ExitCode.usage;
  }
  const parsed = parseDemoArguments(args);
  if (!parsed.ok) {
    console.error(`sluice start: ${parsed.error}`);
    return ExitCode.usage;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-demo-"));
  try {
    return await runDemo(root, folder, parsed.value);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runDemo(root: string, folder: string, args: DemoArguments): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const filters = [await wasmDemoFilter(root, folder), luaDemoFilter(root, folder)];
  for (const filter of filters) {
    const problem = await filter.push();
    if (problem === undefined) continue;
    console.error(problem);
    return ExitCode.config;
  }
  const upstream = await startDemoUpstream();
  const config = path.join(folder, "demo.yaml");
  const [wasm, lua] = filters as [DemoFilter, DemoFilter];
  writeFileSync(
    config,
    demoBootstrap({
      proxyPort: args.proxyPort,
      adminPort: args.adminPort,
      upstreamPort: upstream.port,
      wasmResource: wasm.resource,
      luaResource: lua.resource,
    }),
  );
  const proxy = startProxy(root, ["-c", config, ...args.rest], {
    onReady: () => console.log(tourText(args)),
    onLine: (line) => explain(filters, line),
  });
  const watchers = filters.map((filter) => watchFilter(root, filter));
  try {
    return await untilExit(proxy);
  } finally {
    for (const watcher of watchers) watcher.close();
    upstream.close();
  }
}

/** What the proxy says of a script is said once more, with the place in the file that is edited. */
function explain(filters: readonly DemoFilter[], logLine: string): void {
  for (const filter of filters) {
    const text = filter.explain(logLine);
    if (text !== undefined) console.error(`${text}\n${oldOneStays}`);
  }
}

const oldOneStays = "The filter that runs stays.";

interface ProxyEvents {
  readonly onReady: () => void;
  /** A line of the log. */
  readonly onLine: (line: string) => void;
}

/** The proxy as its own command; its log passes through. */
function startProxy(root: string, args: readonly string[], events: ProxyEvents): ChildProcess {
  const command = path.join(root, "host/bin/sluice.js");
  const proxy = spawn(process.execPath, [command, ...args], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  proxy.stderr.pipe(process.stderr, { end: false });
  let ready = false;
  createInterface(proxy.stderr).on("line", (line) => {
    events.onLine(line);
    if (ready || !line.endsWith("all dependencies initialized. starting workers")) return;
    ready = true;
    events.onReady();
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => proxy.kill(signal));
  // The terminal has gone. The proxy by itself would stay.
  process.on("SIGHUP", () => proxy.kill("SIGTERM"));
  return proxy;
}

const tourText = ({ proxyPort, adminPort }: DemoArguments): string => `
Sluice runs. Try it:        curl -i http://127.0.0.1:${proxyPort}/
The Wasm filter's source:   sample-filters/hello/assembly/index.ts     (save it, and the next request sees it)
The Lua filter's source:    sample-filters/hello-lua/hello.lua         (the same)
Admin:                      http://127.0.0.1:${adminPort}/
Ctrl-C ends it.
`;

function untilExit(proxy: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    proxy.on("error", (error) => {
      console.error(`cannot start the proxy: ${error.message}`);
      resolve(ExitCode.runTime);
    });
    proxy.on("exit", (code) => resolve(code ?? ExitCode.runTime));
  });
}

/** Pushes the filter at each save; one push at a time, and another when saves came meanwhile. */
function watchFilter(root: string, filter: DemoFilter): { close(): void } {
  const file = path.join(root, filter.source);
  let timer: NodeJS.Timeout | undefined;
  let pushing = false;
  let again = false;
  const push = async (): Promise<void> => {
    if (pushing) {
      again = true;
      return;
    }
    pushing = true;
    try {
      const problem = await filter.push();
      if (problem === undefined) console.log(`${filter.source} saved: pushed as ${filter.name}`);
      else console.error(`${problem}\n${oldOneStays}`);
    } catch (error) {
      console.error(`${filter.source}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      pushing = false;
    }
    if (!again) return;
    again = false;
    await push();
  };
  // The folder is watched, since editors replace the file; saves of other files in it do not matter.
  const watcher = watch(path.dirname(file), (_, name) => {
    if (name !== path.basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => void push(), settleMs);
  });
  return { close: () => watcher.close() };
}
