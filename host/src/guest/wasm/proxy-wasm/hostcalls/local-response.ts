import {
  MAP_HTTP_RESPONSE_HEADERS,
  STATUS_BAD_ARGUMENT,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_OK,
} from "@sluice/abi";
import { HeaderId } from "../../../../common/headers/header-id.ts";
import { advise, entryRefused } from "../advice.ts";
import { headerNameOf, mayStand } from "../guest-names.ts";
import { beyondLimit, pairsOf } from "../input-limits.ts";
import type { WasmVm } from "../vm.ts";

/** Bytes of the details that are kept, for the access log. */
const detailsMax = 4096;

/** The highest gRPC status; anything else means "made from the HTTP status". */
const grpcStatusMax = 16;

/**
 * `proxy_send_local_response(status, details, body, headers, grpc_status)`: after the callback has returned.
 * BadArgument for a status outside 200–599, for headers that may not stand in a response and for a body that is too
 * large.
 */
export function sendLocalResponse(
  vm: WasmVm,
  status: number,
  details: number,
  detailsSize: number,
  body: number,
  bodySize: number,
  headers: number,
  headersSize: number,
  grpcStatus: number,
): number {
  const { bodyBytes } = vm.plugin.limits.inputs;
  if (vm.memory.contains(body, bodySize) && bodySize >>> 0 > bodyBytes) {
    beyondLimit(vm, "max_body_bytes", `a body of ${bodySize >>> 0} bytes is not sent`);
    return STATUS_BAD_ARGUMENT;
  }
  const detailsText = vm.memory.latin1(details, detailsSize);
  const bodyText = vm.memory.latin1(body, bodySize);
  const headerBytes = vm.memory.copy(headers, headersSize);
  if (detailsText === undefined || bodyText === undefined || headerBytes === undefined) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  if (status < 200 || status > 599) {
    advise(vm, "status", () => `${status} is no status of a response; use 200 to 599`);
    return STATUS_BAD_ARGUMENT;
  }
  const pairs = responseHeaders(vm, pairsOf(vm, headerBytes));
  if (pairs === undefined) return STATUS_BAD_ARGUMENT;
  vm.acting.sendLocalResponse({
    status,
    details: detailsText.slice(0, detailsMax).replaceAll(/\s/g, "_"),
    body: bodyText,
    headers: pairs,
    grpcStatus: grpcStatus >>> 0 <= grpcStatusMax ? grpcStatus : undefined,
  });
  return STATUS_OK;
}

function responseHeaders(
  vm: WasmVm,
  given: readonly (readonly [name: string, value: string])[],
): [name: string, value: string][] | undefined {
  const pairs: [string, string][] = [];
  for (const [text, value] of given) {
    const name = headerNameOf(text);
    const pseudo = name.id > 0 && name.id <= HeaderId.Protocol;
    if (pseudo || !mayStand(MAP_HTTP_RESPONSE_HEADERS, name, value)) {
      entryRefused(vm, text, value);
      return undefined;
    }
    pairs.push([name.text, value]);
  }
  return pairs;
}
