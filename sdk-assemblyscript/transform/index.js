// The compiler's transform: `asc … --transform @sluice/sdk-assemblyscript/transform/index.js`.
//
//   afterParse       finds the plugin's class, writes the readers of configurations, and a module that registers the
//                    plugin and exports callbacks in the place of the main file
//   afterInitialize  takes back the exports of callbacks that no class overrides, and refuses misspelled ones
//   afterCompile     embeds what the filter is
//
// A main file that calls `registerPlugin` or exports the callbacks itself is left as it is in that.
import { isMainFile } from "./classes.js";
import { writeReaders, writtenFileOf } from "./config-objects.js";
import { describeFilter } from "./description.js";
import { allCallbacks, overriddenCallbacks } from "./overridden.js";
import { foreignGlobals, useOwnGlobals } from "./globals.js";
import { refuseMisspelled } from "./misspelled.js";
import { registration } from "./registration.js";

const moduleFile = "sluice-module.ts";
const sdk = "~lib/@sluice/sdk-assemblyscript/assembly";
const userSource = 0;
/** Files by which a module has the SDK's `abort`, or gets it. */
const wholeSdk = new Set(["index", "abort", "exports"].map((name) => `${sdk}/${name}.ts`));

/** One compilation. The compiler sets `program`, `baseDir` and `readFile`. */
export default class SluiceTransform {
  #schema;
  #entryFolder = "";
  #exportsCallbacks = false;

  afterParse(parser) {
    const options = this.program.options;
    // What runs at the top level may log then: in a start section there is no memory yet for the host to read from.
    options.exportStart ??= "_initialize";
    options.globalAliases ??= new Map();
    // A module that has nothing of the SDK but parts of its inside has the compiler's.
    const isWhole = parser.sources.some((it) => wholeSdk.has(it.normalizedPath));
    if (isWhole && !options.globalAliases.has("abort")) {
      options.globalAliases.set("abort", `${sdk}/abort/abort`);
    }
    const entry = parser.sources.find(isMainFile);
    if (entry === undefined) return;
    this.#entryFolder = entry.normalizedPath.split("/").slice(0, -1).join("/");
    this.#schema = writeReaders(parser);
    const exportsItself = /from\s*["'][^"']*\/assembly\/exports/.test(entry.text);
    const registers = /\bregisterPlugin\s*\(/.test(entry.text);
    if (exportsItself) {
      useOwnGlobals(parser, options);
      return;
    }
    const written = registers ? `import "./${entry.simplePath}";` : registration(parser, entry);
    if (written === undefined) return;
    this.#exportsCallbacks = true;
    useOwnGlobals(parser, options);
    entry.sourceKind = userSource;
    const folder = this.#entryFolder === "" ? "" : `${this.#entryFolder}/`;
    parser.parseFile(`${written}\n${exportsOfAll()}`, `${folder}${moduleFile}`, true);
  }

  afterInitialize(program) {
    refuseMisspelled(program);
    if (!this.#exportsCallbacks) return;
    const wanted = overriddenCallbacks(program);
    const path = this.#entryFolder === "" ? moduleFile : `${this.#entryFolder}/${moduleFile}`;
    const { exports } = program.filesByName.get(path.replace(/\.ts$/, ""));
    for (const name of exports.keys()) if (!wanted.has(name)) exports.delete(name);
  }

  async afterCompile(module) {
    // A source map has the texts of all files, those that were written here too.
    const { sources } = this.program;
    const written = sources.map(({ internalPath }) => writtenFileOf(internalPath));
    sources.push(...written.map((internalPath) => ({ internalPath, text: "" })));
    const [foreign] = foreignGlobals(this.program);
    if (foreign !== undefined) throw new Error(`${foreign} is used: no proxy has it`);
    const description = await describeFilter(this, this.#entryFolder, this.#schema);
    const bytes = new TextEncoder().encode(JSON.stringify(description));
    module.addCustomSection("sluice.filter", bytes);
  }
}

function exportsOfAll() {
  const lines = [];
  for (const [file, names] of allCallbacks()) {
    lines.push(
      `export { ${names.join(", ")} } from "${sdk.slice("~lib/".length)}/exports/${file}";`,
    );
  }
  return lines.join("\n");
}
