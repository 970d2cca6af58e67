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
  onPorts,
  portsIn,
  readmeConfigs,
  readmeExamples,
  readmeLogLines,
  readmeServers,
  type SampleServer,
  tryExample,
} from "./sample-readme.ts";
import { tlsFile } from "./tls.ts";
import { scratchFolder, type SluiceProcess, startSluice } from "./sluice-process.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** A sample that runs. */
export interface RunningSample {
  /** The first, where there are several. */
  readonly proxy: SluiceProcess;
  readonly ports: Ports;
  /** Its module, where the configuration says; undefined: it has none. */
  readonly module: string | undefined;
}

const started = new Map<string, Promise<number>>();

/** Starts a server that READMEs start, once for all tests of the process; its port. */
export function serverPort({ file, args }: SampleServer): Promise<number> {
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
  const folder = scratchFolder(context);
  const module = await compiledSample(name, folder);
  const configs = readmeConfigs(name).map((config) => configHere(config, name, module));
  const ports: Record<number, number> = {};
  for (const server of readmeServers(name)) ports[server.port] = await serverPort(server);
  const own: number[] = [];
  for (const port of configs.flatMap(portsIn)) {
    if (ports[port] !== undefined) continue;
    ports[port] = await freePort();
    own.push(ports[port]);
  }
  const proxies: SluiceProcess[] = [];
  for (const config of configs) {
    const args = ["--concurrency", "2"];
    proxies.push(await startSluice(context, { config: onPorts(config, ports), args }));
  }
  for (const port of own) await untilBound(port);
  return { proxy: proxies[0]!, ports, module };
}

/** Names of the certificates that `deployments/certificates.sh` makes are those of the test material. */
function configHere(config: string, name: string, module: string | undefined): string {
  const own = config.replaceAll(path.join(samples, "deployments/certificates/"), tlsFile("/"));
  if (module === undefined) return own;
  return own.replaceAll(path.join(samples, name, "build", `${name}.wasm`), module);
}

/** Runs a sample as its README says, and all that it shows. */
export async function tryReadme(context: TestContext, name: string): Promise<void> {
  const { proxy, ports } = await startSample(context, name);
  for (const example of readmeExamples(name)) await tryExample(ports, example);
  for (const line of readmeLogLines(name)) await proxy.untilLogged(line);
}

/** Compiles a sample into `folder`; undefined: it is not written in AssemblyScript. */
export async function compiledSample(name: string, folder: string): Promise<string | undefined> {
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
