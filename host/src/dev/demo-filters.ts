import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { luaMessage, resourceFile, wasmMessage } from "./demo-bootstrap.ts";
import { LuaCheck } from "../filter-source/lua-check.ts";

/** A sample filter whose source is watched and which is pushed by a discovery file. */
export interface DemoFilter {
  /** The filter's name in the chain, and its folder below `sample-filters`. */
  readonly name: string;
  /** The file to edit, relative to the root. */
  readonly source: string;
  /** The discovery file. */
  readonly resource: string;
  /** Builds the source and puts the next version into place; the problem when it does not compile. */
  push(): Promise<string | undefined>;
  /** What a line of the proxy's log says of the source, as `file:line:col: what`; undefined when it is not about it. */
  explain(logLine: string): string | undefined;
}

/** What `sample-filters/build.js` offers; see its declarations. */
type SampleBuilder = typeof import("../../../sample-filters/build.js");

/** `sample-filters/hello-lua`: the text goes into the resource as it is. */
export function luaDemoFilter(root: string, folder: string): DemoFilter {
  const name = "hello-lua";
  const source = "sample-filters/hello-lua/hello.lua";
  const resource = path.join(folder, "hello-lua.json");
  let check: LuaCheck | undefined;
  let version = 0;
  return {
    name,
    source,
    resource,
    async push() {
      const text = readFileSync(path.join(root, source));
      check ??= new LuaCheck();
      const problem = check.problem(source, text);
      if (problem !== undefined) return problem;
      version += 1;
      const script = { inline_string: text.toString("utf8") };
      const config = { "@type": luaMessage, default_source_code: script };
      place(resource, resourceFile(name, version, config));
      return undefined;
    },
    explain(logLine) {
      // A script that compiles may still fail when the proxy loads it.
      const found = /script load error: \[string ".*?"\]:(\d+): (.*)$/.exec(logLine);
      if (found === null || !logLine.includes(resource)) return undefined;
      const text = readFileSync(path.join(root, source), "utf8").split("\n")[Number(found[1]) - 1];
      const column = 1 + Math.max(0, text?.search(/\S/) ?? 0);
      return `${source}:${found[1]}:${column}: ${found[2]}`;
    },
  };
}

/** `sample-filters/hello`: compiled to a module of a new name each time, so that its configuration differs. */
export async function wasmDemoFilter(root: string, folder: string): Promise<DemoFilter> {
  const builderFile = path.join(root, "sample-filters/build.js");
  const builder = (await import(pathToFileURL(builderFile).href)) as SampleBuilder;
  const name = "hello";
  const source = "sample-filters/hello/assembly/index.ts";
  const resource = path.join(folder, "hello.json");
  let version = 0;
  return {
    name,
    source,
    resource,
    async push() {
      version += 1;
      const module = path.join(folder, `hello-${version}.wasm`);
      const built = await builder.compileFilter(path.join(root, source));
      if (!built.ok) return built.problems.map((each) => builder.formatProblem(each)).join("\n");
      writeFileSync(module, built.bytes);
      const code = { local: { filename: module } };
      const config = { name, vm_config: { runtime: "envoy.wasm.runtime.v8", code } };
      place(resource, resourceFile(name, version, { "@type": wasmMessage, config }));
      return undefined;
    },
    explain: () => undefined,
  };
}

/** Discovery files are read when they are moved into place, never while they are written. */
function place(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
