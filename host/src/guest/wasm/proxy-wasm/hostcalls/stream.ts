import {
  STATUS_BAD_ARGUMENT,
  STATUS_OK,
  STATUS_UNIMPLEMENTED,
  STREAM_HTTP_REQUEST,
  STREAM_HTTP_RESPONSE,
  STREAM_UPSTREAM,
} from "@sluice/abi";
import type { WasmVm } from "../vm.ts";

/** `proxy_continue_stream(type)`: after the callback has returned. */
export function continueStream(vm: WasmVm, type: number): number {
  if (type >>> 0 > STREAM_UPSTREAM) return STATUS_BAD_ARGUMENT;
  if (type === STREAM_UPSTREAM) return STATUS_UNIMPLEMENTED;
  vm.acting.continueStream(type);
  return STATUS_OK;
}

/** `proxy_close_stream(type)`: after the callback has returned. */
export function closeStream(vm: WasmVm, type: number): number {
  if (type >>> 0 > STREAM_UPSTREAM) return STATUS_BAD_ARGUMENT;
  vm.acting.closeStream(type);
  return STATUS_OK;
}

/** `proxy_continue_request()` of 0.1.0. */
export function continueRequest(vm: WasmVm): number {
  vm.acting.continueStream(STREAM_HTTP_REQUEST);
  return STATUS_OK;
}

/** `proxy_continue_response()` of 0.1.0. */
export function continueResponse(vm: WasmVm): number {
  vm.acting.continueStream(STREAM_HTTP_RESPONSE);
  return STATUS_OK;
}

/** `proxy_clear_route_cache()` of 0.1.0. */
export function clearRouteCache(vm: WasmVm): number {
  vm.acting.clearRouteCache();
  return STATUS_OK;
}
