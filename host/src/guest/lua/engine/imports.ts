/**
 * The host side of Emscripten's libc, as far as Lua's module asks for it: memory growth, `setjmp`/`longjmp`, a
 * clock, and refusals for everything that would reach the machine.
 */

/** What the imports need of the instance that they belong to; filled in once it exists. */
export interface ImportTarget {
  memory(): WebAssembly.Memory;
  /** The memory is about to grow by so many bytes, or was not after all (negative); false when it must not. */
  reserve(bytes: number): boolean;
  call(index: number, a: number, b: number): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
  setThrew(): void;
  /** Pushes the position of the script's code at or above `level` of the call stack, as `luaL_where` does. */
  where(L: number, level: number): void;
  /** Raises the error of a bad argument; `text` is a C string. */
  argumentError(L: number, argument: number, text: number): never;
  /** Ms since the epoch: what Lua seeds the order of its tables with. */
  nowMs(): number;
  /** Text that the script printed (`print`, `io.write`), latin1, in pieces. */
  output(text: string): void;
}

/** Emscripten's number for "function not implemented" (`ENOSYS`). */
const notImplemented = -52;
/** WASI's "bad file descriptor". */
const badDescriptor = 8;
const pageSize = 65_536;

/** Thrown by `longjmp`; not an object, so that a trap can be told from it. */
const longjmp = Infinity;

export function luaImports(target: ImportTarget): WebAssembly.Imports {
  const refuse = (): number => notImplemented;
  const env = {
    abort: () => {
      throw new WebAssembly.RuntimeError("the Lua engine called abort()");
    },
    exit: () => {
      throw new WebAssembly.RuntimeError("the Lua engine called exit()");
    },
    invoke_vii: (index: number, a: number, b: number) => invoke(target, index, a, b),
    _emscripten_throw_longjmp: () => {
      // oxlint-disable-next-line no-throw-literal -- what Emscripten's invoke functions expect
      throw longjmp;
    },
    emscripten_resize_heap: (bytes: number) => resize(target, bytes >>> 0),
    emscripten_date_now: () => target.nowMs(),
    _emscripten_get_now_is_monotonic: () => 1,
    // What `luaL_where` and `luaL_argerror` call in LuaJIT's dialect (see `lua-module.ts`).
    strftime: (L: number, levelOrArgument: number, text: number, isArgumentError: number) => {
      if (isArgumentError !== 0) target.argumentError(L, levelOrArgument, text);
      target.where(L, levelOrArgument);
      return 0;
    },
    system: refuse,
    __syscall_openat: refuse,
    __syscall_fcntl64: refuse,
    __syscall_ioctl: refuse,
    __syscall_dup3: refuse,
    __syscall_unlinkat: refuse,
    __syscall_rmdir: refuse,
    __syscall_renameat: refuse,
    __syscall_readlinkat: refuse,
    _mktime_js: refuse,
    _localtime_js: () => undefined,
    _gmtime_js: () => undefined,
    _tzset_js: () => undefined,
  };
  return { env, wasi_snapshot_preview1: wasiImports(target) };
}

function wasiImports(target: ImportTarget): WebAssembly.ModuleImports {
  return {
    fd_write: (fd: number, vectors: number, count: number, writtenOut: number) =>
      write(target, fd, vectors, count, writtenOut),
    fd_read: () => badDescriptor,
    fd_close: () => badDescriptor,
    fd_seek: () => badDescriptor,
    environ_sizes_get: (countOut: number, sizeOut: number) => {
      const view = new DataView(target.memory().buffer);
      view.setUint32(countOut, 0, true);
      view.setUint32(sizeOut, 0, true);
      return 0;
    },
    environ_get: () => 0,
  };
}

/** Emscripten's `invoke_*`: a call that `longjmp` may leave. Traps and host errors pass through. */
function invoke(target: ImportTarget, index: number, a: number, b: number): void {
  const stack = target.stackSave();
  try {
    target.call(index, a, b);
  } catch (thrown) {
    target.stackRestore(stack);
    if (thrown !== longjmp) throw thrown;
    target.setThrew();
  }
}

function resize(target: ImportTarget, bytes: number): number {
  const memory = target.memory();
  const missing = bytes - memory.buffer.byteLength;
  if (missing <= 0) return 1;
  // A quarter more than asked for, as long as the cap allows it: growing detaches every view.
  const pages = Math.ceil(missing / pageSize);
  const roomy = Math.ceil(Math.max(missing, memory.buffer.byteLength / 4) / pageSize);
  return grow(target, roomy) || grow(target, pages) ? 1 : 0;
}

function grow(target: ImportTarget, pages: number): boolean {
  if (!target.reserve(pages * pageSize)) return false;
  try {
    target.memory().grow(pages);
    return true;
  } catch {
    // Beyond the cap: malloc fails, and Lua raises "not enough memory".
    target.reserve(-pages * pageSize);
    return false;
  }
}

function write(
  target: ImportTarget,
  fd: number,
  vectors: number,
  count: number,
  writtenOut: number,
): number {
  if (fd !== 1 && fd !== 2) return badDescriptor;
  const view = new DataView(target.memory().buffer);
  let written = 0;
  for (let i = 0; i < count; i += 1) {
    const start = view.getUint32(vectors + i * 8, true);
    const size = view.getUint32(vectors + i * 8 + 4, true);
    target.output(Buffer.from(target.memory().buffer, start, size).latin1Slice());
    written += size;
  }
  view.setUint32(writtenOut, written, true);
  return 0;
}
