// What every module exports, and what happens to a plugin as a whole.

import { BUFFER_CALL_DATA } from "../../../abi/src/numbers/buffer-type";
import "../abort";
import "../globals";
import {
  createContext,
  deleteContext,
  findContext,
  isPlugin,
  pluginOf,
  streamOf,
} from "../filter/registry";
import { Body } from "../hostcall/body";
import { pluginConfiguration, vmConfiguration } from "../hostcall/configuration";
import { StreamHeaders, StreamTrailers } from "../hostcall/headers";
import { StatsUpdate } from "../hostcall/stats-update";

export { malloc } from "../memory/allocator";

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(id: u32, parent: u32): void {
  createContext(id, parent);
}

export function proxy_on_vm_start(id: u32, size: u32): u32 {
  return pluginOf(id).onVmStart(vmConfiguration(size)) ? 1 : 0;
}

export function proxy_validate_configuration(id: u32, size: u32): u32 {
  return pluginOf(id).onValidateConfiguration(pluginConfiguration(size)) ? 1 : 0;
}

export function proxy_on_configure(id: u32, size: u32): u32 {
  return pluginOf(id).onConfigure(pluginConfiguration(size)) ? 1 : 0;
}

export function proxy_on_tick(id: u32): void {
  pluginOf(id).onTick();
}

export function proxy_on_queue_ready(id: u32, queue: u32): void {
  pluginOf(id).onQueueReady(queue);
}

export function envoy_on_stats_update(id: u32, _size: u32): void {
  pluginOf(id).onStatsUpdate(new StatsUpdate());
}

export function proxy_on_foreign_function(id: u32, functionId: u32, _size: u32): void {
  const context = findContext(id);
  if (context !== null) context.onForeignFunction(functionId, new Body(BUFFER_CALL_DATA).bytes());
}

export function proxy_on_done(id: u32): u32 {
  const isOver = isPlugin(id) ? pluginOf(id).onDone() : streamOf(id).onDone();
  return isOver ? 1 : 0;
}

export function proxy_on_log(id: u32): void {
  if (!isPlugin(id)) streamOf(id).onLog();
  else {
    pluginOf(id).onLog(
      StreamHeaders.ofRequest,
      StreamHeaders.ofResponse,
      StreamTrailers.ofResponse,
    );
  }
}

export function proxy_on_delete(id: u32): void {
  deleteContext(id);
}
