import {
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_REQUEST_TRAILERS,
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_OK,
} from "@sluice/abi";
import { HeaderId } from "../../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../../common/headers/header-map.ts";
import type { RequestHeaderMap } from "../../../../contracts/headers.ts";
import type { AsyncClientRequest } from "../../../../contracts/upstream/async-client.ts";
import { advise, entryRefused, printable, suggestion } from "../advice.ts";
import { headerNameOf, mayStand, nameAt, nameInMap } from "../guest-names.ts";
import { pairsOf } from "../input-limits.ts";
import { CallKind } from "../call-tokens.ts";
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
  const name = nameAt(memory, cluster, clusterSize, "utf8");
  const headerPairs = memory.copy(headers, headersSize);
  const bytes = memory.copy(body, bodySize);
  const trailerPairs = memory.copy(trailers, trailersSize);
  if (name === undefined || headerPairs === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  if (bytes === undefined || trailerPairs === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  if (!memory.setU32(tokenOut, 0)) return STATUS_INVALID_MEMORY_ACCESS;
  const request = requestOf(
    mapOf(vm, MAP_HTTP_REQUEST_HEADERS, pairsOf(vm, headerPairs)),
    bytes,
    mapOf(vm, MAP_HTTP_REQUEST_TRAILERS, pairsOf(vm, trailerPairs)),
    timeoutMs,
  );
  const root = vm.acting.root;
  if (typeof request === "string") {
    advise(vm, request, () => request);
    return STATUS_BAD_ARGUMENT;
  }
  if (request === undefined) return STATUS_BAD_ARGUMENT;
  if (root === undefined) return STATUS_INTERNAL_FAILURE;
  const token = vm.tokens.forCall(CallKind.Http);
  const status = root.callouts.openHttp(token, name, request);
  if (status === STATUS_OK) memory.setU32(tokenOut, token);
  else callFailed(vm, name, status);
  return status;
}

/** Why no call was made to `cluster`. */
function callFailed(vm: WasmVm, cluster: string, status: number): void {
  advise(vm, `cluster ${status} ${cluster}`, () => {
    const shown = printable(cluster);
    if (status !== STATUS_BAD_ARGUMENT) {
      return `the call to cluster "${shown}" cannot be made now: no usable endpoint, too many calls, or too much in them (max_http_calls, max_call_bytes)`;
    }
    const names = vm.environment.clusters?.clusterNames?.() ?? [];
    const hint = /^https?:/.test(cluster)
      ? "; a call goes to a configured cluster, not to an address"
      : suggestion(cluster, names);
    return `there is no cluster "${shown}"${hint}`;
  });
}

/** Text: what is missing. Undefined: it has been told. */
function requestOf(
  headers: HeaderMapImpl | undefined,
  body: Buffer,
  trailers: HeaderMapImpl | undefined,
  timeoutMs: number,
): AsyncClientRequest | string | undefined {
  if (headers === undefined || trailers === undefined) return undefined;
  if (timeoutMs < 0) return `the timeout of ${timeoutMs >>> 0} ms is too long`;
  for (const [id, name] of required) {
    if (headers.getId(id) === undefined) {
      return `the headers of the request lack "${name}"; a call needs ":method", ":path" and ":authority"`;
    }
  }
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

const required = [
  [HeaderId.Method, ":method"],
  [HeaderId.Path, ":path"],
  [HeaderId.Authority, ":authority"],
] as const;

/** Undefined when one of the pairs could not be sent. */
function mapOf(
  vm: WasmVm,
  type: number,
  pairs: readonly (readonly [name: string, value: string])[],
): HeaderMapImpl | undefined {
  const map = new HeaderMapImpl();
  for (const [text, value] of pairs) {
    const name = nameInMap(type, headerNameOf(text));
    if (!mayStand(type, name, value)) {
      entryRefused(vm, text, value);
      return undefined;
    }
    addTo(map, name, value);
  }
  return map;
}
