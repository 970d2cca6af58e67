import {
  LOG_LEVEL_CRITICAL,
  LOG_LEVEL_OFF,
  STATUS_BAD_ARGUMENT,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_OK,
} from "@sluice/abi";
import type { Logger, LogLevel } from "../../../../contracts/log.ts";
import type { WasmVm } from "../vm.ts";

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warning", "error", "critical"];

/** `proxy_log(level, message)`. */
export function log(vm: WasmVm, level: number, message: number, size: number): number {
  const name = levels[level >>> 0];
  if (name === undefined || level >>> 0 > LOG_LEVEL_CRITICAL) return STATUS_BAD_ARGUMENT;
  if (!vm.memory.contains(message, size)) return STATUS_INVALID_MEMORY_ACCESS;
  logLine(vm, name, message, size);
  return STATUS_OK;
}

/** Logs the text in `[pointer, pointer + size)`, which has been checked, as the acting context's. */
export function logLine(vm: WasmVm, level: LogLevel, pointer: number, size: number): void {
  const { logger } = vm.environment;
  if (!logger.enabled(level)) return;
  const lineBytesMax = vm.plugin.limits.inputs.logLineBytes;
  const cut = size >>> 0 > lineBytesMax;
  if (cut) vm.stats.inputLimitExceeded.inc();
  const text = vm.memory.utf8(pointer, cut ? lineBytesMax : size)!;
  logger.log(level, `wasm log${vm.acting.logPrefix}: ${text}${cut ? " [cut]" : ""}`);
}

/** `proxy_get_log_level(level_out)`. */
export function getLogLevel(vm: WasmVm, levelOut: number): number {
  const level = lowestEnabled(vm.environment.logger);
  return vm.memory.setU32(levelOut, level) ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

function lowestEnabled(logger: Logger): number {
  const index = levels.findIndex((level) => logger.enabled(level));
  return index < 0 ? LOG_LEVEL_OFF : index;
}
