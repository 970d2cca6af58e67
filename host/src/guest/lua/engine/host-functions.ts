import { unsignedLeb as leb } from "./function-bodies.ts";

/**
 * Wraps functions of ours so that they can stand in Lua's function table: a table takes wasm functions only, so a
 * module is made that imports each as a function of `parameters` times i32 that gives one, and exports it again
 * (WebAssembly core specification, section 5.5).
 */
export function wrapHostFunctions(
  functions: readonly ((...args: number[]) => number)[],
  parameters = 1,
): WebAssembly.ExportValue[] {
  const module = compiledWrapper(functions.length, parameters);
  const imports: WebAssembly.ModuleImports = {};
  functions.forEach((fn, i) => {
    imports[String(i)] = fn;
  });
  const { exports } = new WebAssembly.Instance(module, { h: imports });
  return functions.map((_, i) => exports[String(i)]!);
}

/** By number of functions and parameters: each state registers the same ones. */
const wrappers = new Map<string, WebAssembly.Module>();

function compiledWrapper(count: number, parameters: number): WebAssembly.Module {
  const key = `${count} ${parameters}`;
  let module = wrappers.get(key);
  if (module === undefined) {
    module = new WebAssembly.Module(wrapperModule(count, parameters));
    wrappers.set(key, module);
  }
  return module;
}

const i32 = 0x7f;
const moduleHeader = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

function wrapperModule(count: number, parameters: number): Uint8Array<ArrayBuffer> {
  const importEntries: number[] = [];
  const exportEntries: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const name = [...Buffer.from(String(i), "latin1")];
    importEntries.push(1, 0x68, name.length, ...name, 0, 0);
    exportEntries.push(name.length, ...name, 0, ...leb(i));
  }
  return new Uint8Array([
    ...moduleHeader,
    ...section(1, [1, 0x60, parameters, ...Array.from({ length: parameters }, () => i32), 1, i32]),
    ...section(2, [...leb(count), ...importEntries]),
    ...section(7, [...leb(count), ...exportEntries]),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}
