// What a VM costs that is made from a snapshot, beside one that is started: `node -C sluice-source <this file>`.
// The Go module is built by test/fixtures/wasm/go/build.sh and left out where it has not been.
import { existsSync, readFileSync } from "node:fs";
import { WasmHost } from "../../support/wasm.ts";
import type { Plugin } from "../../../host/src/guest/wasm/plugin.ts";

const rounds = 40;

/** Milliseconds of one `acquire`, sorted. */
function times(host: WasmHost, plugin: Plugin): number[] {
  const taken: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    const start = performance.now();
    const handle = host.acquire(plugin);
    taken.push(performance.now() - start);
    handle.release();
  }
  return taken.sort((a, b) => a - b);
}

function text(sorted: readonly number[]): string {
  const at = (part: number): string => sorted[Math.floor(part * (sorted.length - 1))]!.toFixed(2);
  return `median ${at(0.5)} ms, p90 ${at(0.9)} ms, max ${at(1)} ms`;
}

for (const language of ["rust", "go"]) {
  const file = new URL(`../../fixtures/wasm/${language}/probe.wasm`, import.meta.url);
  if (!existsSync(file)) {
    console.log(`${language}: ${file.pathname} has not been built`);
    continue;
  }
  const code = readFileSync(file);
  const host = new WasmHost(undefined, undefined, {});
  const plugin = await host.prepare(code);
  if (typeof plugin === "string") throw new Error(plugin);
  const { snapshot } = plugin;
  if (snapshot === undefined) {
    console.log(`${language}: not cloned: ${plugin.notCloned}`);
    continue;
  }
  const { memoryPages, bytes } = snapshot.state;
  console.log(
    `${language}: module ${(code.length / 1e6).toFixed(2)} MB, memory ${memoryPages * 64} KiB, of which ${bytes.length >> 10} KiB are copied`,
  );
  console.log(`  cloned:  ${text(times(host, plugin))}`);
  console.log(`  started: ${text(times(host, { ...plugin, snapshot: undefined }))}`);
}
