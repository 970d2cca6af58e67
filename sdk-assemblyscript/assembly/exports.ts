// The callbacks of the ABI. A filter's main file ends with
//
//   export * from "@sluice/sdk-assemblyscript/assembly/exports";

import "./abort";
import { createContext, deleteContext, filterOf, isPlugin, pluginOf } from "./filter/registry";
import { requestBody, responseBody } from "./hostcall/body";
import { pluginConfiguration, vmConfiguration } from "./hostcall/configuration";
import {
  requestHeaders,
  requestTrailers,
  responseHeaders,
  responseTrailers,
} from "./hostcall/headers";

export { malloc } from "./memory/allocator";

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(id: u32, parent: u32): void {
  createContext(id, parent);
}

export function proxy_on_vm_start(id: u32, size: u32): u32 {
  return pluginOf(id).onVmStart(vmConfiguration(size)) ? 1 : 0;
}

export function proxy_on_configure(id: u32, size: u32): u32 {
  return pluginOf(id).onConfigure(pluginConfiguration(size)) ? 1 : 0;
}

export function proxy_on_request_headers(id: u32, _count: u32, endOfStream: u32): u32 {
  return filterOf(id).onRequestHeaders(requestHeaders, endOfStream != 0);
}

export function proxy_on_request_body(id: u32, size: u32, endOfStream: u32): u32 {
  requestBody.size = size;
  return filterOf(id).onRequestBody(requestBody, endOfStream != 0);
}

export function proxy_on_request_trailers(id: u32, _count: u32): u32 {
  return filterOf(id).onRequestTrailers(requestTrailers);
}

export function proxy_on_response_headers(id: u32, _count: u32, endOfStream: u32): u32 {
  return filterOf(id).onResponseHeaders(responseHeaders, endOfStream != 0);
}

export function proxy_on_response_body(id: u32, size: u32, endOfStream: u32): u32 {
  responseBody.size = size;
  return filterOf(id).onResponseBody(responseBody, endOfStream != 0);
}

export function proxy_on_response_trailers(id: u32, _count: u32): u32 {
  return filterOf(id).onResponseTrailers(responseTrailers);
}

export function proxy_on_log(id: u32): void {
  if (isPlugin(id)) pluginOf(id).onLog(requestHeaders, responseHeaders, responseTrailers);
  else filterOf(id).onLog();
}

export function proxy_on_delete(id: u32): void {
  deleteContext(id);
}
