import { type HostcallName, STATUS_INTERNAL_FAILURE, wasiModules } from "@sluice/abi";
import { wasiImports } from "../wasi/imports.ts";
import { takeFirstBytes, wantFirstBytes } from "./hostcalls/accept.ts";
import { tcpClose, tcpConnect, tcpWrite } from "./hostcalls/tcp.ts";
import {
  getBufferBytes,
  getBufferStatus,
  getConfiguration,
  setBufferBytes,
} from "./hostcalls/buffer.ts";
import { done, getStatus, setEffectiveContext } from "./hostcalls/context.ts";
import {
  addHeaderMapValue,
  getHeaderMapPairs,
  getHeaderMapSize,
  getHeaderMapValue,
  removeHeaderMapValue,
  replaceHeaderMapValue,
  setHeaderMapPairs,
} from "./hostcalls/headers.ts";
import { resolveDns } from "./hostcalls/dns.ts";
import { callForeignFunction } from "./hostcalls/foreign.ts";
import { sendLocalResponse } from "./hostcalls/local-response.ts";
import { grpcCall, grpcCancel, grpcClose, grpcSend, grpcStream } from "./hostcalls/grpc.ts";
import { httpCall } from "./hostcalls/http-call.ts";
import { getLogLevel, log } from "./hostcalls/log.ts";
import { defineMetric, getMetric, incrementMetric, recordMetric } from "./hostcalls/metrics.ts";
import { getProperty, setProperty } from "./hostcalls/property.ts";
import {
  dequeueSharedQueue,
  enqueueSharedQueue,
  getSharedData,
  registerSharedQueue,
  resolveSharedQueue,
  setSharedData,
} from "./hostcalls/shared.ts";
import {
  clearRouteCache,
  closeStream,
  continueRequest,
  continueResponse,
  continueStream,
} from "./hostcalls/stream.ts";
import { getCurrentTime, setTickPeriod } from "./hostcalls/time.ts";
import type { FiveNumbers, WasmVm } from "./vm.ts";
import { watchedImports } from "./watch/watched-imports.ts";

type HostFunction = (...args: number[]) => number;
/** Metrics have values of 64 bits. */
type MetricFunction = (id: number, value: bigint) => number;
type TenNumbers = [...FiveNumbers, ...FiveNumbers];
type NineNumbers = [...FiveNumbers, number, number, number, number];
type TwelveNumbers = [...TenNumbers, number, number];
type SixNumbers = [number, number, number, number, number, number];
type EightNumbers = [number, number, number, number, number, number, number, number];

/** The host calls of one VM. A test compares the names with the table of the ABI. */
function hostcalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction | MetricFunction>> {
  return {
    ...generalCalls(vm),
    ...bufferCalls(vm),
    ...headerCalls(vm),
    ...streamCalls(vm),
    ...sharedCalls(vm),
    ...metricCalls(vm),
    ...calloutCalls(vm),
  };
}

// One closure is written out per call: an engine optimises each for itself. proxy_log is allowed everywhere.

function generalCalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction>> {
  return {
    proxy_log: (level, message, size) => log(vm.called("proxy_log"), level!, message!, size!),
    proxy_get_log_level: (out) => getLogLevel(vm.calledFreely("proxy_get_log_level"), out!),
    proxy_get_current_time_nanoseconds: (out) =>
      getCurrentTime(vm.calledFreely("proxy_get_current_time_nanoseconds"), out!),
    proxy_set_tick_period_milliseconds: (period) =>
      setTickPeriod(vm.calledFreely("proxy_set_tick_period_milliseconds"), period!),
    proxy_get_property: (path, size, out, sizeOut) =>
      getProperty(vm.calledFreely("proxy_get_property"), path!, size!, out!, sizeOut!),
    proxy_set_property: (path, size, value, valueSize) =>
      setProperty(vm.calledFreely("proxy_set_property"), path!, size!, value!, valueSize!),
    proxy_call_foreign_function: (...args) =>
      callForeignFunction(vm.calledFreely("proxy_call_foreign_function"), ...(args as SixNumbers)),
    proxy_set_effective_context: (id) =>
      setEffectiveContext(vm.calledFreely("proxy_set_effective_context"), id!),
    proxy_done: () => done(vm.calledFreely("proxy_done")),
    proxy_get_status: (code, out, sizeOut) =>
      getStatus(vm.calledFreely("proxy_get_status"), code!, out!, sizeOut!),
  };
}

function bufferCalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction>> {
  return {
    proxy_get_buffer_status: (type, length, flags) =>
      getBufferStatus(vm.calledFreely("proxy_get_buffer_status"), type!, length!, flags!),
    proxy_get_buffer_bytes: (type, start, max, out, sizeOut) =>
      getBufferBytes(
        vm.calledFreely("proxy_get_buffer_bytes"),
        type!,
        start!,
        max!,
        out!,
        sizeOut!,
      ),
    proxy_set_buffer_bytes: (type, start, size, data, dataSize) =>
      setBufferBytes(
        vm.calledFreely("proxy_set_buffer_bytes"),
        type!,
        start!,
        size!,
        data!,
        dataSize!,
      ),
    proxy_get_configuration: (out, sizeOut) =>
      getConfiguration(vm.calledFreely("proxy_get_configuration"), out!, sizeOut!),
  };
}

function headerCalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction>> {
  return {
    proxy_get_header_map_size: (map, out) =>
      getHeaderMapSize(vm.calledFreely("proxy_get_header_map_size"), map!, out!),
    proxy_get_header_map_pairs: (map, out, sizeOut) =>
      getHeaderMapPairs(vm.calledFreely("proxy_get_header_map_pairs"), map!, out!, sizeOut!),
    proxy_set_header_map_pairs: (map, pairs, size) =>
      setHeaderMapPairs(vm.calledFreely("proxy_set_header_map_pairs"), map!, pairs!, size!),
    proxy_get_header_map_value: (map, name, nameSize, out, sizeOut) =>
      getHeaderMapValue(
        vm.calledFreely("proxy_get_header_map_value"),
        map!,
        name!,
        nameSize!,
        out!,
        sizeOut!,
      ),
    proxy_add_header_map_value: (map, name, nameSize, value, size) =>
      addHeaderMapValue(
        vm.calledFreely("proxy_add_header_map_value"),
        map!,
        name!,
        nameSize!,
        value!,
        size!,
      ),
    proxy_replace_header_map_value: (map, name, nameSize, value, size) =>
      replaceHeaderMapValue(
        vm.calledFreely("proxy_replace_header_map_value"),
        map!,
        name!,
        nameSize!,
        value!,
        size!,
      ),
    proxy_remove_header_map_value: (map, name, nameSize) =>
      removeHeaderMapValue(
        vm.calledFreely("proxy_remove_header_map_value"),
        map!,
        name!,
        nameSize!,
      ),
  };
}

function streamCalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction>> {
  return {
    proxy_send_local_response: (...args) =>
      sendLocalResponse(vm.calledFreely("proxy_send_local_response"), ...(args as EightNumbers)),
    proxy_continue_stream: (type) =>
      continueStream(vm.calledFreely("proxy_continue_stream"), type!),
    proxy_close_stream: (type) => closeStream(vm.calledFreely("proxy_close_stream"), type!),
    proxy_continue_request: () => continueRequest(vm.calledFreely("proxy_continue_request")),
    proxy_continue_response: () => continueResponse(vm.calledFreely("proxy_continue_response")),
    sluice_want_first_bytes: (size) =>
      wantFirstBytes(vm.calledFreely("sluice_want_first_bytes"), size!),
    sluice_take_first_bytes: (size) =>
      takeFirstBytes(vm.calledFreely("sluice_take_first_bytes"), size!),
    sluice_tcp_connect: (cluster, size, out) =>
      tcpConnect(vm.calledFreely("sluice_tcp_connect"), cluster!, size!, out!),
    sluice_tcp_write: (connection, data, size, end) =>
      tcpWrite(vm.calledFreely("sluice_tcp_write"), connection!, data!, size!, end!),
    sluice_tcp_close: (connection) => tcpClose(vm.calledFreely("sluice_tcp_close"), connection!),
    proxy_clear_route_cache: () => clearRouteCache(vm.calledFreely("proxy_clear_route_cache")),
  };
}

function sharedCalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction>> {
  return {
    proxy_get_shared_data: (key, keySize, out, sizeOut, casOut) =>
      getSharedData(
        vm.calledFreely("proxy_get_shared_data"),
        key!,
        keySize!,
        out!,
        sizeOut!,
        casOut!,
      ),
    proxy_set_shared_data: (key, keySize, value, size, cas) =>
      setSharedData(vm.calledFreely("proxy_set_shared_data"), key!, keySize!, value!, size!, cas!),
    proxy_register_shared_queue: (name, size, out) =>
      registerSharedQueue(vm.calledFreely("proxy_register_shared_queue"), name!, size!, out!),
    proxy_resolve_shared_queue: (vmId, vmIdSize, name, size, out) =>
      resolveSharedQueue(
        vm.calledFreely("proxy_resolve_shared_queue"),
        vmId!,
        vmIdSize!,
        name!,
        size!,
        out!,
      ),
    proxy_enqueue_shared_queue: (id, value, size) =>
      enqueueSharedQueue(vm.calledFreely("proxy_enqueue_shared_queue"), id!, value!, size!),
    proxy_dequeue_shared_queue: (id, out, sizeOut) =>
      dequeueSharedQueue(vm.calledFreely("proxy_dequeue_shared_queue"), id!, out!, sizeOut!),
  };
}

function metricCalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction | MetricFunction>> {
  return {
    proxy_define_metric: (type: number, name: number, size: number, out: number) =>
      defineMetric(vm.calledFreely("proxy_define_metric"), type, name, size, out),
    proxy_increment_metric: (id: number, offset: bigint) =>
      incrementMetric(vm.calledFreely("proxy_increment_metric"), id, offset),
    proxy_record_metric: (id: number, value: bigint) =>
      recordMetric(vm.calledFreely("proxy_record_metric"), id, value),
    proxy_get_metric: (id: number, out: number) =>
      getMetric(vm.calledFreely("proxy_get_metric"), id, out),
  };
}

function calloutCalls(vm: WasmVm): Partial<Record<HostcallName, HostFunction>> {
  return {
    proxy_http_call: (...args) =>
      httpCall(vm.calledFreely("proxy_http_call"), ...(args as TenNumbers)),
    envoy_resolve_dns: (name, size, out) =>
      resolveDns(vm.calledFreely("envoy_resolve_dns"), name!, size!, out!),
    proxy_grpc_call: (...args) =>
      grpcCall(vm.calledFreely("proxy_grpc_call"), ...(args as TwelveNumbers)),
    proxy_grpc_stream: (...args) =>
      grpcStream(vm.calledFreely("proxy_grpc_stream"), ...(args as NineNumbers)),
    proxy_grpc_send: (id, message, size, endStream) =>
      grpcSend(vm.calledFreely("proxy_grpc_send"), id!, message!, size!, endStream!),
    proxy_grpc_cancel: (id) => grpcCancel(vm.calledFreely("proxy_grpc_cancel"), id!),
    proxy_grpc_close: (id) => grpcClose(vm.calledFreely("proxy_grpc_close"), id!),
  };
}

function toolchainCalls(vm: WasmVm): Record<string, (...args: number[]) => number | undefined> {
  return {
    emscripten_notify_memory_growth: () => undefined,
    pthread_equal: (a, b) => (a === b ? 1 : 0),
    abort: (message, file, line, column) => {
      const text = `abort: ${utf16(vm, message!)} at ${utf16(vm, file!)}:${line}:${column}`;
      vm.environment.logger.critical(`wasm log${vm.acting.logPrefix}: ${text}`);
      return vm.trap(text);
    },
  };
}

/** An AssemblyScript string: its length in bytes stands before it. */
function utf16(vm: WasmVm, pointer: number): string {
  const size = pointer === 0 ? undefined : vm.memory.u32(pointer - 4);
  const bytes = size === undefined ? undefined : vm.memory.copy(pointer, Math.min(size, 4096));
  return bytes?.toString("utf16le") ?? "";
}

/** Everything that a module may import, for one VM; without what its capabilities do not allow. */
export function vmImports(vm: WasmVm): WebAssembly.Imports {
  const env: WebAssembly.ModuleImports = { ...hostcalls(vm) };
  const wasi: WebAssembly.ModuleImports = { ...wasiImports(vm) };
  const allowed = vm.plugin.settings.vm.allowedCapabilities;
  if (allowed !== undefined) {
    deny(vm, env, allowed, "proxy-wasm capability", STATUS_INTERNAL_FAILURE);
    deny(vm, wasi, allowed, "WASI capability", errnoNotCapable);
  }
  Object.assign(env, toolchainCalls(vm));
  if (vm.plugin.limits.instructions !== undefined) {
    for (const functions of [env, wasi]) countCalls(vm, functions);
  }
  const imports: WebAssembly.Imports = { env: watchedImports(vm, env) };
  const watchedWasi = watchedImports(vm, wasi);
  for (const name of wasiModules) imports[name] = watchedWasi;
  return imports;
}

/** Deterministic mode: calls are a part of what the module costs. */
function countCalls(vm: WasmVm, functions: WebAssembly.ModuleImports): void {
  for (const [name, run] of Object.entries(functions)) {
    const host = run as (...args: number[]) => number;
    functions[name] = (...args: number[]) => {
      if (vm.costs !== undefined) vm.costs.hostCalls += 1;
      return host(...args);
    };
  }
}

const errnoNotCapable = 76;

function deny(
  vm: WasmVm,
  functions: WebAssembly.ModuleImports,
  allowed: readonly string[],
  kind: string,
  result: number,
): void {
  for (const name of Object.keys(functions)) {
    if (allowed.includes(name)) continue;
    functions[name] = () => {
      vm.called(name).environment.logger.error(`Attempted call to restricted ${kind}: ${name}`);
      return result;
    };
  }
}
