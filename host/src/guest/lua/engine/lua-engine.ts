import { pageBytes } from "../../limits/defaults.ts";
import { systemTime } from "../../../common/time/clock.ts";
import { fuelExport } from "../../limits/state-exports.ts";
import { instantiateLimited, type LimitedModule } from "../../limits/instance.ts";
import { waitResult, wrapHostFunctions, wrapWriter } from "./host-functions.ts";
import { type ImportTarget, luaImports } from "./imports.ts";
import { type LuaExports, LuaStatus, LuaType, registryIndex } from "./lua-exports.ts";
import { LuaMemory } from "./lua-memory.ts";
import type { WatchedGuest } from "../../watch/watched-guest.ts";
import type { HookWatch } from "../watch/hook-watch.ts";
import { cutMark, shownTextMax } from "./shown-text.ts";
import type { StateQuota } from "./state-quota.ts";

/** What an instance of the engine is made of. */
export interface LuaEngineOptions {
  /** Lua's module after the rewriter (see `lua-module.ts`). */
  readonly module: LimitedModule;
  /** Of this thread: what the watchdog condemns calls through. */
  readonly epoch: WebAssembly.Memory;
  /** A line that the script printed, without its line end. */
  readonly print: (line: string) => void;
  /** What the states of this thread may take together. */
  readonly quota: StateQuota;
  /** Where the state and its memory are counted. */
  readonly watched?: WatchedGuest | undefined;
}

/** The quota has no room for a state; the message says what is used up. */
export class StateQuotaError extends Error {}

/** The libraries that the engine brings. */
export type Opener = "base" | "coroutine" | "table" | "string" | "math" | "debug" | "utf8";

/** A function that Lua can call: gets the calling thread, returns the number of results on its stack, or `waitResult`. */
export type HostFunction = (L: number) => number;

/** While the main chunk runs, and for the hooks, whose time is short. */
export const loadTextMax = { start: 1_048_576, hooks: 65_536 } as const;
/** More instructions than anybody waits for. */
const fuelAtStart = 1n << 62n;
const scratchSize = 4096;
/** Name of the chunks that are the host's own. */
const ownChunk = "sluice";
/** Where `lua_Debug` of Lua 5.4 has its fields on a 32-bit machine. */
const ActivationField = { Name: 4, NameWhat: 8, CurrentLine: 24, ShortSource: 44 } as const;
const activationSize = 128;
/** Longest line kept of what a script prints. */
const printLineMax = 8192;
/** Lines of one text that are printed. */
const printLinesMax = 1000;

/**
 * One Lua state in an instance of its own: a thin layer over the C API. Strings have one character per byte.
 *
 * A host function raises an error by `throwError`, which leaves it by an exception: hold nothing across it that
 * needs releasing. When any other exception comes out of a call into Lua, the engine is broken and must not be
 * used again.
 */
export class LuaEngine {
  readonly api: LuaExports;
  readonly memory: LuaMemory;
  /** The main thread of the state. */
  readonly L: number;
  /** Longest text that a script's `load` compiles where it is translated first, which nothing can stop; in bytes. */
  loadTextMax: number = loadTextMax.start;
  /** Whoever follows what the running hook does. */
  watch: HookWatch | undefined = undefined;
  readonly #scratch: number;
  readonly #activation: number;
  readonly #names = new Map<string, number>();
  /** By index in the function table, as far as they were called from here. */
  readonly #functions: ((a: number, b: number) => void)[] = [];
  readonly #print: (line: string) => void;
  readonly #quota: StateQuota;
  readonly #watched: WatchedGuest | undefined;
  /** Instructions that are left; undefined: they are not counted. */
  #fuel: WebAssembly.Global | undefined = undefined;
  #hostCalls = 0;
  #released = false;
  #line = "";
  /** Where the text lies that `findText` has found; dead as soon as code of the engine has run. */
  textStart = 0;
  textEnd = 0;

  /**
   * Call between `GuestBudget.enter` and `leave`, as everything that runs code of the engine. Throws a
   * `StateQuotaError` when there is no room for one more state.
   */
  constructor(options: LuaEngineOptions) {
    this.#print = options.print;
    this.#quota = options.quota;
    this.#watched = options.watched;
    const refusal = this.#quota.addState((options.module.memory?.initial ?? 0) * pageBytes);
    if (refusal !== undefined) throw new StateQuotaError(refusal);
    const target: ImportTarget = {
      memory: () => instantiated.memory!,
      // Streams that are left may go on with a state that has given its room back.
      reserve: (bytes: number) => this.#released || this.#quota.grow(bytes),
      call: (index: number, a: number, b: number): void => this.#functionAt(index)(a, b),
      stackSave: () => this.api.stackSave(),
      stackRestore: (pointer: number) => this.api.stackRestore(pointer),
      setThrew: () => this.api.setThrew(1, 0),
      where: (L: number, level: number) => this.#pushWhere(L, level),
      argumentError: (L: number, argument: number, text: number) =>
        this.#argumentError(L, argument, text),
      output: (text: string) => this.#output(text),
      // What is counted must not depend on the moment.
      nowMs: () => (this.#fuel === undefined ? systemTime.systemMs() : 0),
    };
    const instantiated = instantiateLimited(options.module, luaImports(target), options.epoch);
    if (instantiated.memory === undefined) throw new Error("the Lua engine has no memory");
    this.memory = new LuaMemory(instantiated.memory, (from, to) =>
      this.#watched?.memoryGrew(from, to),
    );
    const { exports } = instantiated.instance;
    this.api = exports as unknown as LuaExports;
    this.#fuel = exports[fuelExport] as WebAssembly.Global | undefined;
    if (this.#fuel !== undefined) this.#fuel.value = fuelAtStart;
    this.#watched?.instanceAdded(this.memory.size);
    this.api.emscripten_stack_init();
    this.api.__wasm_call_ctors();
    this.#scratch = this.api.malloc(scratchSize);
    this.#activation = this.api.malloc(activationSize);
    this.L = this.api.luaL_newstate();
    if (this.L === 0) throw new Error("not enough memory for a Lua state");
  }

  /** Bytes of linear memory in use by the instance. */
  get memoryBytes(): number {
    return this.memory.size;
  }

  /** What has been executed, and how many functions of ours were called; undefined: that is not counted. */
  get counts(): { readonly instructions: number; readonly hostCalls: number } | undefined {
    if (this.#fuel === undefined) return undefined;
    const instructions = Number(fuelAtStart - BigInt(this.#fuel.value as bigint));
    return { instructions, hostCalls: this.#hostCalls };
  }

  #counted(fn: HostFunction): HostFunction {
    return (L) => {
      this.#hostCalls += 1;
      return fn(L);
    };
  }

  /** Makes functions callable from Lua; the results go to `pushFunction`. */
  register(functions: readonly HostFunction[]): number[] {
    const table = this.api.__indirect_function_table;
    const first = table.grow(functions.length);
    const all = this.#fuel === undefined ? functions : functions.map((fn) => this.#counted(fn));
    return wrapHostFunctions(all, this.api.lua_yieldk).map((fn, i) => {
      table.set(first + i, fn);
      return first + i;
    });
  }

  /** Opens one of Lua's own libraries and leaves it in the global of its name. */
  openLibrary(name: string, opener: Opener): void {
    const table = this.api.__indirect_function_table;
    const index = table.grow(1);
    table.set(index, this.api[`luaopen_${opener}`]);
    this.api.luaL_requiref(this.L, this.cString(name), index, 1);
    this.pop(this.L, 1);
  }

  /** A NUL-terminated copy of `text` that lives as long as the engine; one per text. For names only. */
  cString(text: string): number {
    let pointer = this.#names.get(text);
    if (pointer === undefined) {
      pointer = this.api.malloc(text.length + 1);
      this.memory.writeCString(pointer, text);
      this.#names.set(text, pointer);
    }
    return pointer;
  }

  pop(L: number, n: number): void {
    this.api.lua_settop(L, -n - 1);
  }

  pushString(L: number, text: string): void {
    const size = text.length;
    if (size <= scratchSize) {
      this.memory.write(this.#scratch, text);
      this.api.lua_pushlstring(L, this.#scratch, size);
      return;
    }
    const pointer = this.#allocate(L, size);
    this.memory.write(pointer, text);
    this.api.lua_pushlstring(L, pointer, size);
    this.api.free(pointer);
  }

  /** Pushes bytes as a Lua string. */
  pushBytes(L: number, bytes: Buffer): void {
    const pointer = bytes.length <= scratchSize ? this.#scratch : this.#allocate(L, bytes.length);
    bytes.copy(this.memory.bytes, pointer);
    this.api.lua_pushlstring(L, pointer, bytes.length);
    if (pointer !== this.#scratch) this.api.free(pointer);
  }

  pushFunction(L: number, pointer: number): void {
    this.api.lua_pushcclosure(L, pointer, 0);
  }

  /** The string (or number as string) at `index`, converted in place as `lua_tolstring` does; undefined else. */
  toString(L: number, index: number): string | undefined {
    const found = this.locateText(L, index);
    return found ? this.memory.text(this.textStart, this.textEnd) : undefined;
  }

  /** As `toString`, but only says where the text lies, in `textStart` and `textEnd`; false when there is none. */
  locateText(L: number, index: number): boolean {
    const pointer = this.api.lua_tolstring(L, index, this.#scratch);
    if (pointer === 0) return false;
    this.textStart = pointer;
    this.textEnd = pointer + this.#textSize();
    return true;
  }

  /** True for what `checkString` takes: strings and numbers. */
  isString(L: number, arg: number): boolean {
    const type = this.api.lua_type(L, arg);
    return type === LuaType.String || type === LuaType.Number;
  }

  /** The string argument `arg`; raises Lua's own "bad argument" error when it is none. */
  checkString(L: number, arg: number): string {
    this.findText(L, arg);
    return this.memory.text(this.textStart, this.textEnd);
  }

  /** The same as bytes: a copy. */
  checkBytes(L: number, arg: number): Buffer {
    this.findText(L, arg);
    return Buffer.from(this.memory.bytes.subarray(this.textStart, this.textEnd));
  }

  /** As `checkString`, but only says where the text lies: in `textStart` and `textEnd`. */
  findText(L: number, arg: number): void {
    const pointer = this.api.luaL_checklstring(L, arg, this.#scratch);
    this.textStart = pointer;
    this.textEnd = pointer + this.#textSize();
  }

  /** Raises `text` with the position of the calling line in front. Does not return. */
  throwError(L: number, text: string): never {
    this.api.luaL_where(L, 1);
    const where = this.toString(L, -1) ?? "";
    this.pushString(L, where + text);
    return this.api.lua_error(L);
  }

  /** Pushes a userdata of two words with the metatable that `reference` gave a number. */
  pushUserdata(L: number, metatable: bigint, first: number, second: number): void {
    const pointer = this.api.lua_newuserdatauv(L, 8, 0);
    const words = this.memory.words;
    words[pointer >> 2] = first;
    words[(pointer >> 2) + 1] = second;
    this.api.lua_rawgeti(L, registryIndex, metatable);
    this.api.lua_setmetatable(L, -2);
  }

  /** A word of a userdata made by `pushUserdata`. */
  userdataWord(pointer: number, index: number): number {
    return this.memory.words[(pointer >> 2) + index]!;
  }

  /** Compiles text (never bytecode); the function is left on the stack. The message, when it does not compile. */
  load(text: Buffer, chunkName: string): string | undefined {
    return this.#load(text, chunkName, "t");
  }

  /** Loads what `dump` of an engine with the same module gave; the function is left on the stack. */
  undump(chunk: Uint8Array): string | undefined {
    return this.#load(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), "=?", "b");
  }

  /** The compiled form of the Lua function on top of the stack, with what messages need. */
  dump(): Buffer {
    const pieces: Buffer[] = [];
    const table = this.api.__indirect_function_table;
    const index = table.grow(1);
    const take = (_L: number, start: number, size: number): number => {
      pieces.push(Buffer.from(this.memory.bytes.subarray(start, start + size)));
      return 0;
    };
    table.set(index, wrapWriter(take));
    this.api.lua_dump(this.L, index, 0, 0);
    return Buffer.concat(pieces);
  }

  #load(content: Buffer, chunkName: string, mode: "t" | "b"): string | undefined {
    const size = content.length;
    const pointer = this.api.malloc(size + 1);
    const name = this.api.malloc(chunkName.length + 1);
    if (pointer === 0 || name === 0) return "not enough memory";
    content.copy(this.memory.bytes, pointer);
    this.memory.writeCString(name, chunkName);
    const status = this.api.luaL_loadbufferx(this.L, pointer, size, name, this.cString(mode));
    this.api.free(pointer);
    this.api.free(name);
    return status === LuaStatus.Ok ? undefined : this.#takeMessage(this.L);
  }

  /** Calls the function below `args` arguments, in protected mode. The message of an error. */
  call(args: number, results = 0): string | undefined {
    const status = this.api.lua_pcallk(this.L, args, results, 0, 0, 0);
    return status === LuaStatus.Ok ? undefined : this.#takeMessage(this.L);
  }

  /** Starts or resumes `thread` with `args` values from its stack; gives `lua_resume`'s status. */
  resume(thread: number, args: number): number {
    return this.api.lua_resume(thread, this.L, args, this.#scratch + 8);
  }

  /** The error that a failed `resume` left, as Envoy prints it; a long one is cut. */
  errorMessage(thread: number): string {
    const pointer = this.api.lua_tolstring(thread, -1, this.#scratch);
    if (pointer === 0) return "unspecified lua error";
    const size = this.#textSize();
    if (size <= shownTextMax) return this.memory.text(pointer, pointer + size);
    return this.memory.text(pointer, pointer + shownTextMax) + cutMark;
  }

  /** The calls on the stack of a thread that a `resume` left with an error, innermost first, without the host's own. */
  traceback(thread: number): string {
    this.api.luaL_traceback(this.L, thread, 0, 0);
    const text = this.toString(this.L, -1) ?? "";
    this.pop(this.L, 1);
    return text
      .split("\n")
      .filter((line) => !line.startsWith(`\t${ownChunk}:`))
      .join("\n");
  }

  /** Suspends the calling thread: a host function returns this. What `resume` then gives becomes its results. */
  yield(): number {
    return waitResult;
  }

  /** Anchors the value on top of `L`'s stack and pops it. */
  reference(L: number): number {
    return this.api.luaL_ref(L, registryIndex);
  }

  /** Prints text as the script's `print` does: by lines. */
  write(text: string): void {
    this.#output(text);
  }

  /**
   * The state is not used any more: gives its room back. Its finalizers (`__gc`) do not run, since they are the
   * script's.
   */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#quota.removeState(this.memoryBytes);
    this.#watched?.instanceRemoved(this.memoryBytes);
  }

  /** The position of the nearest code that is not the host's own, which is in chunks named `=sluice`. */
  #pushWhere(L: number, level: number): void {
    let text = "";
    for (let at = level; text === "" && this.#inspect(L, at, "Sln"); at += 1) {
      const line = this.memory.words[(this.#activation + ActivationField.CurrentLine) >> 2]!;
      const source = this.memory.cString(this.#activation + ActivationField.ShortSource);
      if (source === ownChunk) continue;
      // LuaJIT's pairs() calls a metamethod in its own place.
      if (line <= 0 && this.#activationName() !== "pairs") break;
      if (line <= 0) continue;
      text = `${source}:${line}: `;
    }
    this.pushString(L, text);
  }

  /** `luaL_argerror` in LuaJIT's words: a function without a name is `?`. */
  #argumentError(L: number, argument: number, text: number): never {
    const problem = this.memory.cString(text);
    let name = "?";
    let position = argument;
    if (this.#inspect(L, 0, "n")) {
      name = this.#activationName() ?? name;
      const kind = this.memory.words[(this.#activation + ActivationField.NameWhat) >> 2]!;
      if (this.memory.cString(kind) === "method") position -= 1;
    }
    this.#pushWhere(L, 1);
    const where = this.toString(L, -1) ?? "";
    const what =
      position === 0 ? `calling '${name}' on bad self` : `bad argument #${position} to '${name}'`;
    this.pushString(L, `${where}${what} (${problem})`);
    return this.api.lua_error(L);
  }

  /** Fills the activation record with what is known of level `level` of the call stack; false when there is none. */
  #inspect(L: number, level: number, what: string): boolean {
    if (this.api.lua_getstack(L, level, this.#activation) === 0) return false;
    this.api.lua_getinfo(L, this.cString(what), this.#activation);
    return true;
  }

  /** Of what was inspected last, by how it was called. */
  #activationName(): string | undefined {
    const name = this.memory.words[(this.#activation + ActivationField.Name) >> 2]!;
    return name === 0 ? undefined : this.memory.cString(name);
  }

  /** What stands in the engine's function table; what is there once is never exchanged. */
  #functionAt(index: number): (a: number, b: number) => void {
    this.#functions[index] ??= this.api.__indirect_function_table.get(index);
    return this.#functions[index]!;
  }

  #takeMessage(L: number): string {
    const message = this.errorMessage(L);
    this.pop(L, 1);
    return message;
  }

  #allocate(L: number, size: number): number {
    const pointer = this.api.malloc(size);
    if (pointer === 0) this.throwError(L, "not enough memory");
    return pointer;
  }

  /** What `lua_tolstring` and its like put into the scratch word. */
  #textSize(): number {
    return this.memory.words[this.#scratch >> 2]! >>> 0;
  }

  #output(text: string): void {
    let rest = text;
    let end = rest.indexOf("\n");
    for (let lines = 0; end >= 0 && lines < printLinesMax; lines += 1) {
      this.#print(this.#line + rest.slice(0, end));
      this.#line = "";
      rest = rest.slice(end + 1);
      end = rest.indexOf("\n");
    }
    if (end >= 0) rest = cutMark;
    if (this.#line.length + rest.length <= printLineMax) this.#line += rest;
    else if (this.#line.length <= printLineMax) {
      this.#line = (this.#line + rest).slice(0, printLineMax) + cutMark;
    }
  }
}
