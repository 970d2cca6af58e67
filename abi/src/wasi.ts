import type { ValueType } from "./hostcalls.ts";

/** One function of WASI preview 1 as Proxy-Wasm hosts offer it. */
export interface WasiFunction {
  readonly params: readonly ValueType[];
  /** `["i32"]`, an errno; none for `proc_exit`. */
  readonly results: readonly ValueType[];
}

/** The two names under which it is imported. */
export const wasiModules: readonly string[] = ["wasi_snapshot_preview1", "wasi_unstable"];

/** One letter per parameter: `i` i32, `l` i64. */
function wasi(params: string): WasiFunction {
  const types = Array.from(params, (letter) => (letter === "l" ? "i64" : "i32"));
  return { params: types, results: ["i32"] };
}

/** The subset, with its signatures. What is not here (`proc_raise`, threads, preview 2) refuses the module. */
export const wasiFunctions = {
  args_get: wasi("ii"),
  args_sizes_get: wasi("ii"),
  clock_res_get: wasi("ii"),
  clock_time_get: wasi("ili"),
  environ_get: wasi("ii"),
  environ_sizes_get: wasi("ii"),
  fd_advise: wasi("illi"),
  fd_allocate: wasi("ill"),
  fd_close: wasi("i"),
  fd_datasync: wasi("i"),
  fd_fdstat_get: wasi("ii"),
  fd_fdstat_set_flags: wasi("ii"),
  fd_fdstat_set_rights: wasi("ill"),
  fd_filestat_get: wasi("ii"),
  fd_filestat_set_size: wasi("il"),
  fd_filestat_set_times: wasi("illi"),
  fd_pread: wasi("iiili"),
  fd_prestat_dir_name: wasi("iii"),
  fd_prestat_get: wasi("ii"),
  fd_pwrite: wasi("iiili"),
  fd_read: wasi("iiii"),
  fd_readdir: wasi("iiili"),
  fd_renumber: wasi("ii"),
  fd_seek: wasi("ilii"),
  fd_sync: wasi("i"),
  fd_tell: wasi("ii"),
  fd_write: wasi("iiii"),
  path_create_directory: wasi("iii"),
  path_filestat_get: wasi("iiiii"),
  path_filestat_set_times: wasi("iiiilli"),
  path_link: wasi("iiiiiii"),
  path_open: wasi("iiiiillii"),
  path_readlink: wasi("iiiiii"),
  path_remove_directory: wasi("iii"),
  path_rename: wasi("iiiiii"),
  path_symlink: wasi("iiiii"),
  path_unlink_file: wasi("iii"),
  poll_oneoff: wasi("iiii"),
  proc_exit: { params: ["i32"], results: [] },
  random_get: wasi("ii"),
  sched_yield: wasi(""),
  sock_accept: wasi("iii"),
  sock_recv: wasi("iiiiii"),
  sock_send: wasi("iiiii"),
  sock_shutdown: wasi("ii"),
} as const satisfies Record<string, WasiFunction>;

/** Names of WASI functions. */
export type WasiName = keyof typeof wasiFunctions;

/** Functions of module `env` that toolchains import and that are not host calls of the ABI. */
export const toolchainImports = {
  /** Emscripten: memory has grown. */
  emscripten_notify_memory_growth: { params: ["i32"], results: [] },
  /** Old Emscripten. */
  pthread_equal: { params: ["i32", "i32"], results: ["i32"] },
  /** AssemblyScript without an `abort` of its own: message, file, line, column. Not offered by Envoy. */
  abort: { params: ["i32", "i32", "i32", "i32"], results: [] },
} as const satisfies Record<string, WasiFunction>;
