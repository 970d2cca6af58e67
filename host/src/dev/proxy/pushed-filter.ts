import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildFilter, type BuiltFilter, shown } from "../../filter-source/build-filter.ts";
import { type DiscoveredFilter, luaMessage, resourceFile, wasmMessage } from "./bootstrap-text.ts";
import { pluginConfig } from "./plugin-config.ts";

/** A filter whose file is edited while it runs. */
export interface PushedFilterOptions {
  /** In the chain. */
  readonly name: string;
  /** `.ts`, `.lua` or `.wasm`. */
  readonly file: string;
  /** Type of a module's configuration; default: an HTTP filter's. */
  readonly moduleMessage?: string;
  /** Where what the proxy reads is written. */
  readonly folder: string;
  /** What the plugin gets as its configuration; undefined: none. */
  readonly configuration?: string | undefined;
  /** Names of host calls and callbacks that a module may use; undefined: all. */
  readonly capabilities?: readonly string[] | undefined;
  /** Whether AssemblyScript is compiled to be fast, or fast to be compiled. */
  readonly optimize: boolean;
  /** Looks at what was built; the text of a problem keeps it from being pushed. */
  readonly check?: (filter: BuiltFilter) => Promise<string | undefined>;
}

/** What came of building and pushing. `same`: the file builds to what runs already. */
export type Push =
  | { readonly kind: "pushed"; readonly version: number }
  | { readonly kind: "same" }
  | { readonly kind: "refused"; readonly problem: string };

/** Builds the filter and gives it to the proxy by a discovery file, as often as it is saved. */
export class PushedFilter implements DiscoveredFilter {
  readonly name: string;
  readonly file: string;
  readonly resource: string;
  readonly message: string;
  readonly #options: PushedFilterOptions;
  #version = 0;
  #running: BuiltFilter | undefined = undefined;
  #modules: string[] = [];

  constructor(options: PushedFilterOptions) {
    this.name = options.name;
    this.file = options.file;
    this.resource = path.join(options.folder, `${options.name}.json`);
    const { file, moduleMessage = wasmMessage } = options;
    this.message = path.extname(file) === ".lua" ? luaMessage : moduleMessage;
    this.#options = options;
  }

  /** As it is shown to the author. */
  get source(): string {
    return shown(this.file);
  }

  async push(): Promise<Push> {
    const { optimize, check } = this.#options;
    const built = await buildFilter(this.file, { optimize });
    if (!built.ok) return { kind: "refused", problem: built.problem };
    if (this.#running !== undefined && isSame(this.#running, built.filter)) return { kind: "same" };
    const problem = await check?.(built.filter);
    if (problem !== undefined) return { kind: "refused", problem };
    this.#version += 1;
    this.#running = built.filter;
    place(this.resource, resourceFile(this.name, this.#version, this.#typedConfig(built.filter)));
    return { kind: "pushed", version: this.#version };
  }

  /** The proxy has refused the last version: what it runs is another. */
  forget(): void {
    this.#running = undefined;
  }

  /** What a line of the proxy's log says of the script, as `file:line:col: what`; undefined when it does not. */
  explain(logLine: string): string | undefined {
    const found = /script load error: \[string ".*?"\]:(\d+): (.*)$/.exec(logLine);
    if (found === null || !logLine.includes(this.resource)) return undefined;
    const text = readFileSync(this.file, "utf8").split("\n")[Number(found[1]) - 1] ?? "";
    const column = 1 + Math.max(0, text.search(/\S/));
    return `${this.source}:${found[1]}:${column}: ${found[2]}\n    ${text.trim()}`;
  }

  #typedConfig(filter: BuiltFilter): object {
    if (filter.kind === "lua") {
      return { "@type": luaMessage, default_source_code: { inline_string: filter.text } };
    }
    const { configuration, capabilities } = this.#options;
    const filename = this.#writeModule(filter.bytes);
    const config = pluginConfig({ name: this.name, filename, configuration, capabilities });
    return { "@type": this.message, config };
  }

  /** Under a new name each time, so that the configuration differs. */
  #writeModule(bytes: Uint8Array): string {
    const { folder, name } = this.#options;
    const file = path.join(folder, `${name}-${this.#version}.wasm`);
    writeFileSync(file, bytes);
    this.#modules.push(file);
    // A push that is under way may still read the one before.
    if (this.#modules.length > 2) rmSync(this.#modules.shift()!, { force: true });
    return file;
  }
}

function isSame(running: BuiltFilter, built: BuiltFilter): boolean {
  if (running.kind === "lua") return built.kind === "lua" && running.text === built.text;
  return built.kind === "wasm" && Buffer.compare(running.bytes, built.bytes) === 0;
}

/** Discovery files are read when they are moved into place, never while they are written. */
function place(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
