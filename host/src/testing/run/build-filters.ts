import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatProblem, type Place } from "../../config/problem.ts";
import { compileAssemblyScript } from "../../filter-source/assemblyscript.ts";
import { buildFilter, scriptProblem } from "../../filter-source/build-filter.ts";
import { idleModule, idleScript } from "../../filter-source/idle-filter.ts";
import { entriesOf, type Suite } from "../suite/suite.ts";

/** What is wrong with a filter's source, with its places there. */
export interface BuildProblem {
  /** Where the suite names the filter. */
  readonly place: Place;
  readonly text: string;
}

/** How modules are compiled whose coverage is taken. */
export interface BuildMode {
  readonly options: Parameters<typeof compileAssemblyScript>[1];
  /** What is made of a compiled module before it is loaded. */
  readonly finish: (module: Uint8Array, sourceMap: string, entry: string) => Uint8Array;
}

/** Compiles filters that are given as AssemblyScript, each once. */
export class FilterBuilder {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "sluice-filters-"));
  readonly #mode: BuildMode | undefined;
  readonly #modules = new Map<string, string>();

  constructor(mode?: BuildMode) {
    this.#mode = mode;
  }

  /** Modules by path of the source, or what is wrong. */
  async build(suite: Suite): Promise<ReadonlyMap<string, string> | readonly BuildProblem[]> {
    const problems: BuildProblem[] = [];
    for (const entry of entriesOf(suite.chains)) {
      if (entry.kind === "native" || path.extname(entry.file) !== ".ts") continue;
      if (this.#modules.has(entry.file)) continue;
      const text = await this.#compile(entry.file);
      if (text !== undefined) problems.push({ place: entry.place, text });
    }
    problems.push(...idleFilters(suite, this.#modules));
    return problems.length > 0 ? problems : this.#modules;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What is wrong; undefined when the module is there. */
  async #compile(file: string): Promise<string | undefined> {
    const built = this.#mode === undefined ? await plain(file) : await marked(file, this.#mode);
    if (typeof built === "string") return built;
    const folder = path.join(this.#folder, `${this.#modules.size}`);
    mkdirSync(folder, { recursive: true });
    const module = path.join(folder, `${path.basename(file, ".ts")}.wasm`);
    writeFileSync(module, built);
    this.#modules.set(file, module);
    return undefined;
  }
}

/** Those of which nothing would ever run, whatever a case does. */
function idleFilters(suite: Suite, built: ReadonlyMap<string, string>): BuildProblem[] {
  const problems: BuildProblem[] = [];
  for (const { place, ...entry } of entriesOf(suite.chains)) {
    if (entry.kind === "native") continue;
    const file = built.get(entry.file) ?? entry.file;
    // A source that does not compile has been told of.
    if (path.extname(file) === ".ts") continue;
    const idle =
      entry.kind === "lua" ? idleLua(file) : idleModule(Uint8Array.from(readFileSync(file)));
    if (idle === undefined) continue;
    const text = formatProblem({ ...place, severity: "error", text: idle });
    problems.push({ place, text });
  }
  return problems;
}

/** A script that does not compile is refused for that. */
function idleLua(file: string): string | undefined {
  const idle = idleScript(readFileSync(file, "utf8"));
  return idle !== undefined && scriptProblem(file) === undefined ? idle : undefined;
}

async function plain(file: string): Promise<Uint8Array | string> {
  const built = await buildFilter(file);
  if (!built.ok) return built.problem;
  return built.filter.kind === "wasm" ? built.filter.bytes : `${file} is no module`;
}

async function marked(file: string, mode: BuildMode): Promise<Uint8Array | string> {
  const built = await compileAssemblyScript(file, mode.options);
  return built.ok ? mode.finish(built.bytes, built.sourceMap ?? "", file) : built.problem;
}
