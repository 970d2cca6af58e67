import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { TestClient } from "./hcm-server.ts";
import { freePort } from "./ports.ts";
import { discoveredLog, typeUrl } from "./proxy-config.ts";
import { PushedFilter } from "./pushed-filter.ts";
import { readmeConfigs } from "./sample-readme.ts";
import { compiledSample } from "./sample-run.ts";
import { scratchFolder, type SluiceProcess } from "./sluice-process.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** How a sample is used. */
export interface SampleLoad {
  /** Which of the listeners of its configuration; default: the first. */
  readonly listener?: number;
  /** Puts other settings in the place of those that would stop the load. */
  readonly settings?: (text: string) => string;
  /** A client asks on one connection, or on a new one each time; default: one. */
  readonly connections?: "one" | "new" | "both";
  /** Asks once; gives what was wrong. */
  readonly ask: (client: TestClient, number: number) => Promise<string | undefined>;
}

/** A place of a program in a configuration. */
interface Program {
  readonly name: string;
  readonly typed_config: JsonObject & { readonly "@type": string };
}

const wasmLog = typeUrl("envoy.extensions.access_loggers.wasm.v3.WasmAccessLog");
const programs = [
  wasmLog,
  typeUrl("wasm"),
  typeUrl("lua"),
  typeUrl("envoy.extensions.filters.network.wasm.v3.Wasm"),
  typeUrl("sluice.listener.wasm.v1.Wasm"),
];

/** A sample behind a listener of its own, discovered from a file, and those who use it. */
export class SwappedSample {
  readonly name: string;
  readonly port: number;
  readonly listener: JsonObject;
  /** What went wrong. */
  readonly failures: string[] = [];
  answered = 0;
  readonly #load: SampleLoad;
  readonly #filter: PushedFilter;
  readonly #typedConfig: JsonObject;
  readonly #source: string;
  readonly #folder: string;

  private constructor(
    name: string,
    load: SampleLoad,
    place: { readonly port: number; readonly folder: string; readonly source: string },
  ) {
    this.name = name;
    this.port = place.port;
    this.#load = load;
    this.#folder = place.folder;
    this.#source = place.source;
    const text = readmeConfigs(name)[0]!;
    const config = parse(load.settings?.(text) ?? text) as Bootstrap;
    const listener = config.static_resources.listeners[load.listener ?? 0]!;
    const program = programIn(listener)!;
    this.#typedConfig = program.typed_config;
    const kind = program.typed_config["@type"].replace("type.googleapis.com/", "");
    // Two samples may have plugins of one name.
    const resource = `${name}-${place.port}`;
    this.#filter = new PushedFilter(place.folder, resource, [kind], this.#version("1"));
    const entry = program.typed_config["@type"] === wasmLog ? logEntry : filterEntry;
    const address = { socket_address: { address: "127.0.0.1", port_value: place.port } };
    const discovered = replaced(listener, program, entry(this.#filter, kind)) as JsonObject;
    this.listener = { ...discovered, name: resource, address };
  }

  static async of(context: TestContext, name: string, load: SampleLoad): Promise<SwappedSample> {
    const folder = scratchFolder(context);
    const module = await compiledSample(name, folder);
    const script = path.join(samples, name, `${name === "hello-lua" ? "hello" : name}.lua`);
    const port = await freePort();
    return new SwappedSample(name, load, { port, folder, source: module ?? script });
  }

  push(proxy: SluiceProcess, version: string): Promise<void> {
    return this.#filter.push(proxy, version, this.#version(version));
  }

  /** Asks, one after the other, until `isOver`. */
  async load(isOver: () => boolean): Promise<void> {
    const { connections = "one" } = this.#load;
    const isNew = connections === "new";
    await using kept = isNew ? undefined : await TestClient.connect(this.port);
    for (let i = 0; !isOver(); i += 1) {
      if (kept !== undefined) await this.#ask(kept, i);
      if (connections !== "one") {
        await using own = await TestClient.connect(this.port);
        await this.#ask(own, i);
      }
      // The machine has other things to do: the swaps themselves.
      await setTimeout(5);
    }
  }

  async #ask(client: TestClient, number: number): Promise<void> {
    const failure = await this.#load.ask(client, number);
    if (failure === undefined) this.answered += 1;
    else this.failures.push(`request ${number}: ${failure}`);
  }

  /** The configuration with a module or script of its own, which does the same. */
  #version(version: string): JsonObject {
    const isModule = this.#source.endsWith(".wasm");
    const file = path.join(this.#folder, `version-${version}${path.extname(this.#source)}`);
    const code = readFileSync(this.#source);
    // A custom section without a name, or a comment.
    const mark = isModule ? Buffer.from([0, 2, 0, Number(version)]) : `-- version ${version}\n`;
    writeFileSync(file, Buffer.concat([code, Buffer.from(mark)]));
    const text = JSON.stringify(this.#typedConfig);
    return JSON.parse(text.replace(/"filename":"[^"]*"/, `"filename":"${file}"`)) as JsonObject;
  }
}

interface Bootstrap {
  readonly static_resources: { readonly listeners: readonly JsonObject[] };
}

const filterEntry = (filter: PushedFilter): JsonObject => filter.entry();
const logEntry = ({ name, file }: PushedFilter, kind: string): JsonObject =>
  discoveredLog(name, { path_config_source: { path: file } }, [kind]);

/** The first program of a configuration. */
function programIn(node: JsonValue): Program | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  const config = Array.isArray(node) ? undefined : node["typed_config"];
  const type = (config as { readonly "@type"?: string } | undefined)?.["@type"];
  if (type !== undefined && programs.includes(type)) return node as unknown as Program;
  for (const value of Object.values(node)) {
    const found = programIn(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The configuration with `entry` in the place of `program`. */
function replaced(node: JsonValue, program: Program, entry: JsonObject): JsonValue {
  if (node === (program as unknown)) return entry;
  if (Array.isArray(node)) return node.map((each) => replaced(each, program, entry));
  if (typeof node !== "object" || node === null) return node;
  const fields = Object.entries(node).map(([key, value]) => [key, replaced(value, program, entry)]);
  return Object.fromEntries(fields) as JsonObject;
}
