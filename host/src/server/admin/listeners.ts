import { addressText } from "../../common/address.ts";
import { jsonText } from "../../config/print-json.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";
import type { AdminDeps, ListenerStatus } from "./admin-deps.ts";
import {
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  textResponse,
} from "./admin-request.ts";
import { addressJson } from "./clusters.ts";

/** `/listeners`: names and bound addresses. */
export function listenersPage(request: AdminRequest, deps: AdminDeps): AdminResponse {
  const listeners = deps.listeners();
  if (request.params.get("format") === "json") {
    const statuses = Map.groupBy(listeners, (listener) => listener.listenerName);
    const body: { [key: string]: JsonValue } =
      statuses.size === 0
        ? {}
        : { listener_statuses: [...statuses].map(([name, sockets]) => statusJson(name, sockets)) };
    return jsonResponse(`${jsonText(body)}\n`);
  }
  const lines = listeners.map(
    ({ listenerName, address }) => `${listenerName}::${addressText(address)}\n`,
  );
  return textResponse(200, lines.join(""));
}

function statusJson(name: string, sockets: readonly ListenerStatus[]): JsonValue {
  const [first, ...others] = [...sockets].sort((a, b) => a.addressIndex - b.addressIndex);
  const additional = others.map((socket) => addressJson(socket.address));
  return {
    name,
    local_address: addressJson(first!.address),
    ...(additional.length === 0 ? {} : { additional_local_addresses: additional }),
  };
}
