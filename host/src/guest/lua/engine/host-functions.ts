import { unsignedLeb as leb } from "./function-bodies.ts";
import type { HostFunction } from "./lua-engine.ts";

/**
 * Wraps functions of ours so that they can stand in Lua's function table: a table takes wasm functions only, so a
 * module is made that imports each as `(i32) -> i32` and exports it again (WebAssembly core specification,
 * section 5.5).
 */
export function wrapHostFunctions(functions: readonly HostFunction[]): WebAssembly.ExportValue[] {
  const module = new WebAssembly.Module(wrapperModule(functions.length));
  const imports: Record<string, HostFunction> = {};
  functions.forEach((fn, i) => {
    imports[String(i)] = fn;
  });
  const { exports } = new WebAssembly.Instance(module, { h: imports });
  return functions.map((_, i) => exports[String(i)]!);
}

const moduleHeader = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

function wrapperModule(count: number): Uint8Array<ArrayBuffer> {
  const importEntries: number[] = [];
  const exportEntries: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const name = [...Buffer.from(String(i), "latin1")];
    importEntries.push(1, 0x68, name.length, ...name, 0, 0);
    exportEntries.push(name.length, ...name, 0, ...leb(i));
  }
  return new Uint8Array([
    ...moduleHeader,
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(2, [...leb(count), ...importEntries]),
    ...section(7, [...leb(count), ...exportEntries]),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}
