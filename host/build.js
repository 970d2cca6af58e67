// Builds what is published: each process's and thread's entry as one file below dist/, with everything of ours in it and
// the packages that each start needs. Hundreds of small modules would have to be resolved at each start, by each thread.
//
//   node host/build.js [FOLDER]        FOLDER: instead of host/dist
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildTypes } from "./build-types.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const outFolder = path.resolve(process.argv[2] ?? path.join(here, "dist"));

// Output to source, both without their extensions. An entry that is started by a path relative to its starter stands
// where that path leads from the starter's bundle.
const entries = {
  "cli/main": "cli/main",
  "dev/main": "dev/main",
  "server/main": "server/main",
  "server/watchdog-thread": "guest/limits/watchdog-thread",
  "server/load-module-thread": "guest/wasm/engine/load-module-thread",
  "testing/main": "testing/main",
  // What programs import.
  "testing/index": "testing/index",
  "testing/load-module-thread": "guest/wasm/engine/load-module-thread",
  "testing/watchdog-thread": "guest/limits/watchdog-thread",
  "worker/load-module-thread": "guest/wasm/engine/load-module-thread",
  "worker/worker": "worker/worker",
  "worker/runtime": "worker/runtime",
};

/**
 * An `import` of `http` or `crypto` evaluates all that they export, and with that parts of Node that nobody here asks
 * for (undici, Web Crypto): 20 to 30 ms of each process's start. As objects they evaluate what is used. An `import` of
 * `tls` in a module that is loaded when it is needed would be one of the whole bundle. The others are what packages
 * `require`.
 */
const lazyBuiltins = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:(http|crypto|tls)|process|buffer)$/ }, ({ path: id }) => ({
      path: id,
      namespace: "lazy",
    }));
    onLoad({ filter: /.*/, namespace: "lazy" }, ({ path: id }) => ({
      contents: `module.exports = process.getBuiltinModule("${id}");`,
    }));
  },
};

rmSync(outFolder, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: Object.entries(entries).map(([out, source]) => ({
    out,
    in: path.join(here, "src", `${source}.ts`),
  })),
  outdir: outFolder,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node24",
  conditions: ["sluice-source"],
  plugins: [lazyBuiltins],
  external: ["assemblyscript", "koffi", "pino", "wasmoon"],
  tsconfigRaw: {},
  metafile: true,
  logLevel: "warning",
});
writeNotices(Object.keys(metafile.inputs));
checkStartedFiles();
buildTypes(outFolder);

/** Beside the code of packages that is in the bundles, their licences. */
function writeNotices(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path.resolve(input));
    if (found !== null) folders.add(found[0]);
  }
  const notices = [...folders]
    .sort((a, b) => a.localeCompare(b))
    .map((folder) => {
      const { name, version, license } = JSON.parse(
        readFileSync(path.join(folder, "package.json"), "utf8"),
      );
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? "" : `\n${readFileSync(path.join(folder, file), "utf8")}`;
      return `${name} ${version}: ${license}\n${text}`;
    });
  writeFileSync(path.join(outFolder, "THIRD-PARTY-NOTICES.txt"), notices.join("\n"));
}

/** Files that are started by `moduleUrl` are found at run time only: each must have been built. */
function checkStartedFiles() {
  for (const out of Object.keys(entries)) {
    const file = path.join(outFolder, `${out}.js`);
    const started = readFileSync(file, "utf8").matchAll(
      /moduleUrl\("([^"]+)", import\.meta\.url\)/g,
    );
    for (const [, target] of started) {
      const wanted = path.join(path.dirname(file), `${target}.js`);
      if (!existsSync(wanted))
        throw new Error(`${out} starts ${target}, and ${wanted} is not built`);
    }
  }
}
