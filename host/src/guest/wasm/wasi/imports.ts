import {
  ERRNO_BADF,
  ERRNO_FAULT,
  ERRNO_INVAL,
  ERRNO_NOENT,
  ERRNO_NOSYS,
  ERRNO_NOTDIR,
  ERRNO_NOTSUP,
  ERRNO_SUCCESS,
  nanoseconds,
  type WasiName,
} from "@sluice/abi";
import type { WasmVm } from "../proxy-wasm/vm.ts";
import { fillRandom } from "./random.ts";

type WasiArgument = number | bigint;
// oxlint-disable-next-line typescript/no-explicit-any -- i64 parameters are bigint, all others numbers
type WasiFunction = (...args: any[]) => number;

const stdout = 1;
const stderr = 2;
const clockRealtime = 0;
const clockMonotonic = 1;

/** The file descriptors that exist: both only take text. */
function isOutput(fd: WasiArgument): boolean {
  return fd === stdout || fd === stderr;
}

function outputOrBadf(fd: WasiArgument): number {
  return isOutput(fd) ? ERRNO_SUCCESS : ERRNO_BADF;
}

/** The WASI functions of one VM. A test compares the names with the table of the ABI. */
export function wasiImports(vm: WasmVm): Record<WasiName, WasiFunction> {
  return { ...environmentFunctions(vm), ...fdFunctions(vm), ...pathFunctions(vm), ...others(vm) };
}

function environmentFunctions(vm: WasmVm) {
  const entries = vm.plugin.settings.vm.environment.map(([key, value]) =>
    Buffer.from(`${key}=${value}\0`, "utf8"),
  );
  const total = entries.reduce((sum, entry) => sum + entry.length, 0);
  const fault = (ok: boolean): number => (ok ? ERRNO_SUCCESS : ERRNO_FAULT);
  const { memory } = vm;
  return {
    args_sizes_get: (count: number, bytes: number) =>
      fault(memory.setU32(count, 0) && memory.setU32(bytes, 0)),
    args_get: () => ERRNO_SUCCESS,
    environ_sizes_get: (count: number, bytes: number) =>
      fault(memory.setU32(count, entries.length) && memory.setU32(bytes, total)),
    environ_get: (pointers: number, buffer: number) => {
      let at = buffer >>> 0;
      for (const [i, entry] of entries.entries()) {
        if (!memory.setU32((pointers >>> 0) + i * 4, at)) return ERRNO_FAULT;
        if (!memory.contains(at, entry.length)) return ERRNO_FAULT;
        memory.bytes.set(entry, at);
        at += entry.length;
      }
      return ERRNO_SUCCESS;
    },
  };
}

function fdFunctions(vm: WasmVm) {
  const { memory } = vm;
  const complain = (name: string): number => {
    vm.environment.logger.error(`wasi_unstable ${name}`);
    return ERRNO_SUCCESS;
  };
  return {
    fd_write: (fd: number, vectors: number, count: number, writtenOut: number) =>
      writeVectors(vm.called("fd_write"), fd, vectors, count, writtenOut),
    fd_pwrite: (fd: number, vectors: number, count: number, _at: bigint, writtenOut: number) =>
      writeVectors(vm.called("fd_pwrite"), fd, vectors, count, writtenOut),
    fd_read: () => ERRNO_NOSYS,
    fd_pread: () => ERRNO_NOSYS,
    fd_seek: () => complain("fd_seek"),
    fd_close: () => complain("fd_close"),
    fd_tell: (fd: number, out: number) => {
      if (!isOutput(fd)) return ERRNO_BADF;
      return memory.setU64(out, 0n) ? ERRNO_SUCCESS : ERRNO_FAULT;
    },
    fd_fdstat_get: (fd: number, out: number) => {
      if (!isOutput(fd)) return ERRNO_BADF;
      // File type and flags 0; the right to write; nothing to inherit.
      const at = out >>> 0;
      const written =
        memory.setU64(at, 0n) && memory.setU64(at + 8, 64n) && memory.setU64(at + 16, 0n);
      return written ? ERRNO_SUCCESS : ERRNO_FAULT;
    },
    fd_fdstat_set_flags: () => ERRNO_NOSYS,
    fd_fdstat_set_rights: outputOrBadf,
    fd_filestat_get: () => ERRNO_BADF,
    fd_filestat_set_size: outputOrBadf,
    fd_filestat_set_times: outputOrBadf,
    fd_advise: () => ERRNO_SUCCESS,
    fd_allocate: outputOrBadf,
    fd_datasync: outputOrBadf,
    fd_sync: outputOrBadf,
    fd_readdir: (_fd: number, _buffer: number, _size: number, _cookie: bigint, out: number) =>
      memory.setU32(out, 0) ? ERRNO_NOTDIR : ERRNO_FAULT,
    fd_renumber: (from: number, to: number) =>
      isOutput(from) && isOutput(to) ? ERRNO_NOTSUP : ERRNO_BADF,
    fd_prestat_get: () => ERRNO_BADF,
    fd_prestat_dir_name: () => ERRNO_NOSYS,
  };
}

/** The text of all vectors is one line of the log, cut as other lines are; one line feed at its end is dropped. */
function writeVectors(
  vm: WasmVm,
  fd: number,
  vectors: number,
  count: number,
  writtenOut: number,
): number {
  if (!isOutput(fd)) return ERRNO_BADF;
  if (count >>> 0 > vectorsMax) return ERRNO_INVAL;
  const { memory } = vm;
  const lineMax = vm.plugin.limits.inputs.logLineBytes;
  const parts: Buffer[] = [];
  let [total, kept] = [0, 0];
  for (let i = 0; i < count >>> 0; i += 1) {
    const pointer = memory.u32((vectors >>> 0) + i * 8);
    const size = memory.u32((vectors >>> 0) + i * 8 + 4);
    if (pointer === undefined || size === undefined) return ERRNO_FAULT;
    if (!memory.contains(pointer, size)) return ERRNO_FAULT;
    const part = memory.copy(pointer, Math.min(size, lineMax - kept))!;
    total += size;
    kept += part.length;
    parts.push(part);
  }
  if (total > 0) {
    const text = Buffer.concat(parts).toString("utf8").replace(/\n$/, "");
    const mark = kept < total ? " [cut]" : "";
    if (kept < total) vm.stats.inputLimitExceeded.inc();
    const level = fd === stderr ? "error" : "info";
    vm.environment.logger.log(level, `wasm log${vm.acting.logPrefix}: ${text}${mark}`);
  }
  return memory.setU32(writtenOut, total) ? ERRNO_SUCCESS : ERRNO_FAULT;
}

/** As `IOV_MAX` of Linux. */
const vectorsMax = 1024;

function pathFunctions(vm: WasmVm) {
  const unsupported = (): number => ERRNO_NOTSUP;
  return {
    path_open: () => ERRNO_NOENT,
    path_filestat_get: unsupported,
    path_create_directory: unsupported,
    path_remove_directory: unsupported,
    path_unlink_file: unsupported,
    path_filestat_set_times: unsupported,
    path_rename: unsupported,
    path_link: unsupported,
    path_symlink: unsupported,
    path_readlink: (...args: number[]) =>
      vm.memory.setU32(args[5]!, 0) ? ERRNO_NOTSUP : ERRNO_FAULT,
  };
}

function others(vm: WasmVm) {
  const { memory } = vm;
  const { time } = vm.environment;
  const unsupported = (): number => ERRNO_NOTSUP;
  return {
    clock_time_get: (id: number, _precision: bigint, out: number) => {
      if (id !== clockRealtime && id !== clockMonotonic) return ERRNO_NOTSUP;
      const now = id === clockRealtime ? time.systemMs() : time.monotonicMs();
      return memory.setU64(out, nanoseconds(now)) ? ERRNO_SUCCESS : ERRNO_FAULT;
    },
    clock_res_get: (id: number, out: number) => {
      if (id !== clockRealtime && id !== clockMonotonic) return ERRNO_NOTSUP;
      return memory.setU64(out, 1n) ? ERRNO_SUCCESS : ERRNO_FAULT;
    },
    random_get: (pointer: number, size: number) => fillRandom(memory, pointer, size),
    sched_yield: () => ERRNO_SUCCESS,
    // Go's runtime dies unless this succeeds; nothing is ever ready.
    poll_oneoff: (...args: number[]) => (memory.setU32(args[3]!, 0) ? ERRNO_SUCCESS : ERRNO_FAULT),
    proc_exit: (code: number) => vm.trap(`proc_exit(${code}) was called`),
    sock_accept: (_fd: number, _flags: number, out: number) =>
      memory.setU32(out, 0) ? ERRNO_NOTSUP : ERRNO_FAULT,
    sock_recv: (...args: number[]) =>
      memory.setU32(args[4]!, 0) && memory.setU32(args[5]!, 0) ? ERRNO_NOTSUP : ERRNO_FAULT,
    sock_send: (...args: number[]) => (memory.setU32(args[4]!, 0) ? ERRNO_NOTSUP : ERRNO_FAULT),
    sock_shutdown: unsupported,
  };
}
