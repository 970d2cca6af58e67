import { unsignedLeb as leb } from "./function-bodies.ts";

/** What a host function returns to wait: `lua_yieldk` is called for it, without results, once it has returned. */
export const waitResult = -1;

/**
 * Wraps functions of ours so that they can stand in Lua's function table: a table takes wasm functions only, so a
 * module is made that imports each as a function of an i32, the calling thread, that gives one, and exports it again
 * (WebAssembly core specification, section 5.5).
 *
 * The wrapper also waits for them: `lua_yieldk` does not return, and a function of JavaScript that is always left by an
 * exception is never compiled, since V8 counts its runs where it returns.
 */
export function wrapHostFunctions(
  functions: readonly ((L: number) => number)[],
  yieldk: (L: number, results: number, context: number, continuation: number) => number,
): WebAssembly.ExportValue[] {
  return wrapped("waiting", functions, { yieldk });
}

/** Wraps a function of four numbers that never waits: what the C API calls a writer. */
export function wrapWriter(
  writer: (L: number, start: number, size: number, data: number) => number,
): WebAssembly.ExportValue {
  return wrapped("writer", [writer], {})[0]!;
}

type WrapperKind = "waiting" | "writer";

function wrapped(
  kind: WrapperKind,
  functions: readonly ((...args: number[]) => number)[],
  imports: WebAssembly.ModuleImports,
): WebAssembly.ExportValue[] {
  const module = compiledWrapper(kind, functions.length);
  functions.forEach((fn, i) => {
    imports[String(i)] = fn;
  });
  const { exports } = new WebAssembly.Instance(module, { h: imports });
  return functions.map((_, i) => exports[String(i)]!);
}

/** By kind and number of functions: each state registers the same ones. */
const wrappers = new Map<string, WebAssembly.Module>();

function compiledWrapper(kind: WrapperKind, count: number): WebAssembly.Module {
  const key = `${kind} ${count}`;
  let module = wrappers.get(key);
  if (module === undefined) {
    const bytes = kind === "waiting" ? waitingModule(count) : writerModule();
    module = new WebAssembly.Module(bytes);
    wrappers.set(key, module);
  }
  return module;
}

const i32 = 0x7f;
const moduleHeader = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** `(func (param i32) (result i32))` and `(func (param i32 i32 i32 i32) (result i32))` */
const types = [2, 0x60, 1, i32, 1, i32, 0x60, 4, i32, i32, i32, i32, 1, i32];
const [unaryType, quaternaryType] = [0, 1];

function waitingModule(count: number): Uint8Array<ArrayBuffer> {
  const all = Array.from({ length: count }, (_, i) => i);
  const yieldk = count;
  const imports = all.flatMap((i) => functionImport(String(i), unaryType));
  imports.push(...functionImport("yieldk", quaternaryType));
  const firstDefined = count + 1;
  return new Uint8Array([
    ...moduleHeader,
    ...section(1, types),
    ...section(2, [...leb(count + 1), ...imports]),
    ...section(3, [...leb(count), ...all.map(() => unaryType)]),
    ...section(7, [...leb(count), ...all.flatMap((i) => functionExport(i, firstDefined + i))]),
    ...section(10, [...leb(count), ...all.flatMap((i) => waitingBody(i, yieldk))]),
  ]);
}

/** `(local $results i32)`, `local.get $L` */
const bodyStart = [1, 1, i32, 0x20, 0];
/** `local.tee $results`, `i32.const 0`, `i32.lt_s`, `if (result i32)`, `local.get $L`, three times `i32.const 0` */
const ifNegative = [0x22, 1, 0x41, 0, 0x48, 0x04, i32, 0x20, 0, 0x41, 0, 0x41, 0, 0x41, 0];
/** `else`, `local.get $results`, `end`, `end` */
const otherwise = [0x05, 0x20, 1, 0x0b, 0x0b];
const call = 0x10;

/** `results = run(L); results < 0 ? yieldk(L, 0, 0, 0) : results` */
function waitingBody(run: number, yieldk: number): number[] {
  const head = [...bodyStart, call, ...leb(run)];
  const code = [...head, ...ifNegative, call, ...leb(yieldk), ...otherwise];
  return [...leb(code.length), ...code];
}

function writerModule(): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    ...moduleHeader,
    ...section(1, types),
    ...section(2, [1, ...functionImport("0", quaternaryType)]),
    ...section(7, [1, ...functionExport(0, 0)]),
  ]);
}

function functionImport(name: string, type: number): number[] {
  return [1, 0x68, name.length, ...Buffer.from(name, "latin1"), 0, type];
}

function functionExport(name: number, index: number): number[] {
  const text = String(name);
  return [text.length, ...Buffer.from(text, "latin1"), 0, ...leb(index)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}
