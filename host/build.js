// Builds what is published: each process's and thread's entry as one file below dist/, with everything of ours in it.
// Hundreds of small modules would have to be resolved at each start, by each thread.
//
//   node host/build.js [FOLDER]        FOLDER: instead of host/dist
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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
  "worker/load-module-thread": "guest/wasm/engine/load-module-thread",
  "worker/worker": "worker/worker",
  "worker/runtime": "worker/runtime",
};

/**
 * An `import` of these evaluates all that they export, and with that parts of Node that nobody here asks for (undici,
 * Web Crypto): 20 to 30 ms of each process's start. As objects they evaluate what is used.
 */
const lazyBuiltins = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(http|crypto)$/ }, ({ path: id }) => ({ path: id, namespace: "lazy" }));
    onLoad({ filter: /.*/, namespace: "lazy" }, ({ path: id }) => ({
      contents: `module.exports = process.getBuiltinModule("${id}");`,
    }));
  },
};

rmSync(outFolder, { recursive: true, force: true });
await build({
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
  external: ["@bufbuild/protobuf", "assemblyscript", "koffi", "pino", "wasmoon", "yaml"],
  tsconfigRaw: {},
  logLevel: "warning",
});
checkStartedFiles();

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
