import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ExitCode } from "../common/exit-code.ts";
import { demoBootstrap } from "./demo-bootstrap.ts";
import { type DemoFilter, luaDemoFilter, wasmDemoFilter } from "./demo-filters.ts";
import { startDemoUpstream } from "./demo-upstream.ts";

const proxyPort = 10_000;
const adminPort = 9901;
/** Editors write a file in several steps; what comes within this time is one save. */
const settleMs = 30;

/**
 * `npm start`: builds the sample filters, runs the proxy with them and an upstream, and pushes a filter whenever its
 * source is saved. Ends with the proxy.
 */
export async function startDemo(args: readonly string[]): Promise<number> {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  if (!existsSync(path.join(root, "sample-filters"))) {
    console.error(
      "sluice start: there is no sample-filters folder here; it is for a checkout of the project",
    );
    return ExitCode.usage;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-demo-"));
  try {
    return await runDemo(root, folder, args);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runDemo(root: string, folder: string, args: readonly string[]): Promise<number> {
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
      proxyPort,
      adminPort,
      upstreamPort: upstream.port,
      wasmResource: wasm.resource,
      luaResource: lua.resource,
    }),
  );
  const proxy = startProxy(root, ["-c", config, ...args]);
  const watchers = filters.map((filter) => watchFilter(root, filter));
  try {
    return await untilExit(proxy);
  } finally {
    for (const watcher of watchers) watcher.close();
    upstream.close();
  }
}

/** The proxy as its own command; its log passes through, and its readiness starts the tour. */
function startProxy(root: string, args: readonly string[]): ChildProcess {
  const command = path.join(root, "host/bin/sluice.js");
  const proxy = spawn(process.execPath, [command, ...args], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let ready = false;
  proxy.stderr.setEncoding("utf8").on("data", (text: string) => {
    process.stderr.write(text);
    if (ready || !text.includes("all dependencies initialized. starting workers")) return;
    ready = true;
    console.log(tour);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => proxy.kill(signal));
  return proxy;
}

const tour = `
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
      else console.error(`${problem}\nThe filter that runs stays.`);
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
