import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Result } from "../../contracts/result.ts";
import type { LimitedModule } from "../limits/instance.ts";
import { rewriteModule } from "../limits/rewriter.ts";

/**
 * Lua 5.4, as wasmoon builds it, behind the limiter: for the main thread, once per memory cap. Workers are given
 * the compiled module.
 */
export function loadLuaModule(memoryBytes: number): Result<LimitedModule, string> {
  const file = path.join(
    path.dirname(createRequire(import.meta.url).resolve("wasmoon")),
    "glue.wasm",
  );
  const bytes = new Uint8Array(readFileSync(file));
  printFloatsAsLuaJit(bytes);
  const rewritten = rewriteModule(bytes, { memoryBytes });
  if (!rewritten.ok) return { ok: false, error: `the Lua engine: ${rewritten.error}` };
  const module = new WebAssembly.Module(rewritten.value.bytes);
  return { ok: true, value: { module, memory: rewritten.value.memory } };
}

/**
 * Lua 5.4 appends ".0" to a float that prints like an integer: when `strspn(text, "-0123456789")` spans the text
 * (`lobject.c`, `tostringbuff`). With that set emptied, `10/2` prints `5`, as scripts written for LuaJIT expect.
 */
function printFloatsAsLuaJit(bytes: Uint8Array): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = view.indexOf("-0123456789\0", 0, "latin1");
  if (at >= 0) bytes[at] = 0;
}
