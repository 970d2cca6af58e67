import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { assemblyScript } from "./assemblyscript.ts";
import { freePort } from "./ports.ts";
import type { Ports } from "./sample-commands.ts";
import {
  readmeExamples,
  readmeLogLines,
  readmeServers,
  sampleConfig,
  type SampleServer,
  tryExample,
} from "./sample-readme.ts";
import { scratchFolder, type SluiceProcess, startSluice } from "./sluice-process.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** A sample that runs. */
export interface RunningSample {
  readonly proxy: SluiceProcess;
  readonly ports: Ports;
  /** Its module, where the configuration says; undefined: it has none. */
  readonly module: string | undefined;
}

const started = new Map<string, Promise<number>>();

/** Starts a server that READMEs start, once for all tests of the process; its port. */
function serverPort({ file, args }: SampleServer): Promise<number> {
  const key = [file, ...args].join(" ");
  let port = started.get(key);
  if (port === undefined) {
    port = startServer(file, args);
    started.set(key, port);
  }
  return port;
}

async function startServer(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [file, "0", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill());
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  // The process may end without it.
  child.unref();
  (child.stdout as Socket).unref();
  return Number(line.split(" ").at(-1));
}

/** Starts a sample as its README says, with the servers behind it, on two workers and other ports. */
export async function startSample(context: TestContext, name: string): Promise<RunningSample> {
  const servers = readmeServers(name);
  const ports: Record<number, number> = { 10000: await freePort(), 9901: await freePort() };
  const more = /port_value: 10001\b/.test(sampleConfig(name, {}));
  if (more) ports[10001] = await freePort();
  for (const server of servers) ports[server.port] = await serverPort(server);
  let config = sampleConfig(name, ports);
  const folder = scratchFolder(context);
  const module = await compiled(name, folder);
  if (module !== undefined) {
    const built = path.join(samples, name, "build", `${name}.wasm`);
    config = config.replaceAll(built, module);
  }
  const proxy = await startSluice(context, { config, folder, args: ["--concurrency", "2"] });
  for (const port of [10000, 10001]) if (ports[port]) await untilBound(ports[port]);
  return { proxy, ports, module };
}

/** Runs a sample as its README says, and all that it shows. */
export async function tryReadme(context: TestContext, name: string): Promise<void> {
  const { proxy, ports } = await startSample(context, name);
  for (const example of readmeExamples(name)) await tryExample(ports, example);
  for (const line of readmeLogLines(name)) await proxy.untilLogged(line);
}

async function compiled(name: string, folder: string): Promise<string | undefined> {
  const entry = `sample-filters/${name}/assembly/index.ts`;
  if (!existsSync(path.join(samples, "..", entry))) return undefined;
  const file = path.join(folder, `${name}.wasm`);
  writeFileSync(file, await assemblyScript(entry));
  return file;
}

/** Waits until somebody listens there, without connecting: filters count connections. */
async function untilBound(port: number): Promise<void> {
  const entry = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} \\S+ 0A `);
  const deadline = performance.now() + 60_000;
  while (!entry.test(readFileSync("/proc/net/tcp", "utf8"))) {
    if (performance.now() > deadline) throw new Error(`nobody listens on port ${port}`);
    await setTimeout(20);
  }
}
