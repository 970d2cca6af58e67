import { HeaderId } from "../../common/headers/header-id.ts";
import type { RequestHeaderMap } from "../../contracts/headers.ts";
import type { Route } from "../../contracts/router/route.ts";
import { ConnectionOption, connectionOptions } from "../codec/http1/framing.ts";

/**
 * The protocol that the request asks for on this connection, in lower case; `connect` for a tunnel, empty for none.
 * Codecs show HTTP/2's extended CONNECT as HTTP/1's Upgrade.
 */
export function upgradeTypeOf(headers: RequestHeaderMap): string {
  if (headers.getId(HeaderId.Method) === "CONNECT") return "connect";
  if (!headers.hasId(HeaderId.Upgrade) || !headers.hasId(HeaderId.Connection)) return "";
  const options = connectionOptions(headers.getJoined("connection")!);
  if ((options & ConnectionOption.Upgrade) === 0) return "";
  return headers.getJoined("upgrade")!.toLowerCase();
}

/** True when the request brings a body of its own: what follows it then cannot be another protocol. */
export function hasOwnBody(headers: RequestHeaderMap): boolean {
  return (
    headers.hasId(HeaderId.TransferEncoding) ||
    (headers.getId(HeaderId.ContentLength) ?? "0") !== "0"
  );
}

/** True for the status by which the upstream says that what follows is the other protocol. */
export function agreesToUpgrade(code: number, type: string): boolean {
  return type === "connect" ? code >= 200 && code < 300 : code === 101;
}

/** `upgrade_configs` of the route, else of the connection manager. `configured`: by type, in lower case. */
export function isUpgradeAllowed(
  type: string,
  configured: readonly { readonly type: string; readonly enabled: boolean }[],
  route: Route,
): boolean {
  const own = route.routeEntry?.upgrades.find((each) => each.type === type);
  const config = own ?? configured.find((each) => each.type === type);
  return config?.enabled ?? false;
}
