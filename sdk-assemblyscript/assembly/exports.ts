// The callbacks of HTTP filters. Without the transform, a filter's main file ends with
//
//   export * from "@sluice/sdk-assemblyscript/assembly/exports";
//
// and with more such lines for the files in `exports/` that it needs. The transform exports what is overridden.

export {
  malloc,
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_delete,
  proxy_on_log,
  proxy_on_vm_start,
} from "./exports/plugin";
export {
  proxy_on_request_body,
  proxy_on_request_headers,
  proxy_on_request_trailers,
  proxy_on_response_body,
  proxy_on_response_headers,
  proxy_on_response_trailers,
} from "./exports/http";
