import {
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_REQUEST_TRAILERS,
  readPairs,
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_OK,
} from "@sluice/abi";
import { HeaderId } from "../../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../../common/headers/header-map.ts";
import type { RequestHeaderMap } from "../../../../contracts/headers.ts";
import type { AsyncClientRequest } from "../../../../contracts/upstream/async-client.ts";
import { headerNameOf, mayStand, nameInMap } from "../guest-names.ts";
import type { WasmVm } from "../vm.ts";
import { addTo } from "./headers.ts";

/**
 * `proxy_http_call(cluster, headers, body, trailers, timeout_ms, token_out)`: the plugin's root context is told of the
 * answer. BadArgument for an unknown cluster, for headers that lack `:method`, `:path` or `:authority`, or that could
 * not be sent; InternalFailure when the call cannot be made now.
 */
export function httpCall(
  vm: WasmVm,
  cluster: number,
  clusterSize: number,
  headers: number,
  headersSize: number,
  body: number,
  bodySize: number,
  trailers: number,
  trailersSize: number,
  timeoutMs: number,
  tokenOut: number,
): number {
  const { memory } = vm;
  const name = memory.utf8(cluster, clusterSize);
  const headerPairs = memory.copy(headers, headersSize);
  const bytes = memory.copy(body, bodySize);
  const trailerPairs = memory.copy(trailers, trailersSize);
  if (name === undefined || headerPairs === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  if (bytes === undefined || trailerPairs === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  if (!memory.setU32(tokenOut, 0)) return STATUS_INVALID_MEMORY_ACCESS;
  const limits = vm.pairLimits;
  const request = requestOf(
    mapOf(MAP_HTTP_REQUEST_HEADERS, readPairs(headerPairs, limits)),
    bytes,
    mapOf(MAP_HTTP_REQUEST_TRAILERS, readPairs(trailerPairs, limits)),
    timeoutMs,
  );
  const root = vm.acting.root;
  if (request === undefined) return STATUS_BAD_ARGUMENT;
  if (root === undefined) return STATUS_INTERNAL_FAILURE;
  const token = vm.nextHttpCallToken();
  const status = root.openHttpCall(token, name, request);
  if (status === STATUS_OK) memory.setU32(tokenOut, token);
  return status;
}

function requestOf(
  headers: HeaderMapImpl | undefined,
  body: Buffer,
  trailers: HeaderMapImpl | undefined,
  timeoutMs: number,
): AsyncClientRequest | undefined {
  if (headers === undefined || trailers === undefined || timeoutMs < 0) return undefined;
  const complete =
    headers.getId(HeaderId.Method) !== undefined &&
    headers.getId(HeaderId.Path) !== undefined &&
    headers.getId(HeaderId.Authority) !== undefined;
  if (!complete) return undefined;
  // A length that was copied from another request would keep the upstream waiting for a body.
  headers.remove("content-length");
  if (body.length > 0) headers.set("content-length", String(body.length));
  return {
    headers: headers as RequestHeaderMap,
    body: body.length === 0 ? undefined : body,
    trailers: trailers.size === 0 ? undefined : trailers,
    timeoutMs,
    sendXff: false,
  };
}

/** Undefined when one of the pairs could not be sent. */
function mapOf(
  type: number,
  pairs: readonly (readonly [name: string, value: string])[],
): HeaderMapImpl | undefined {
  const map = new HeaderMapImpl();
  for (const [text, value] of pairs) {
    const name = nameInMap(type, headerNameOf(text));
    if (!mayStand(type, name, value)) return undefined;
    addTo(map, name, value);
  }
  return map;
}
