import { HeaderId } from "../../../common/headers/header-id.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../contracts/headers.ts";

/*
 * Between the two ways to ask for another protocol: HTTP/1's Upgrade, which filters see always, and extended CONNECT
 * (RFC 8441), which HTTP/2 has on the wire.
 */

/** An extended CONNECT that arrived becomes a GET with Upgrade; gives the protocol. */
export function toUpgradeRequest(headers: RequestHeaderMap): string {
  const protocol = headers.getId(HeaderId.Protocol)!;
  headers.setId(HeaderId.Method, "GET");
  headers.removeId(HeaderId.Protocol);
  headers.setId(HeaderId.Upgrade, protocol);
  headers.setId(HeaderId.Connection, "upgrade");
  return protocol;
}

/** The answer to it: 101 is said by 200. */
export function toConnectResponse(headers: ResponseHeaderMap): void {
  if (headers.getId(HeaderId.Status) !== "101") return;
  headers.setId(HeaderId.Status, "200");
  headers.removeId(HeaderId.Upgrade);
  headers.removeId(HeaderId.Connection);
  headers.removeId(HeaderId.ContentLength);
}

/** A GET with Upgrade becomes an extended CONNECT to be sent. */
export function toConnectRequest(headers: RequestHeaderMap): void {
  const protocol = headers.getId(HeaderId.Upgrade)!.toLowerCase();
  headers.setId(HeaderId.Method, "CONNECT");
  headers.setId(HeaderId.Protocol, protocol);
  headers.removeId(HeaderId.Upgrade);
  headers.removeId(HeaderId.Connection);
  headers.removeId(HeaderId.ContentLength);
  headers.remove("host");
}

/** The answer to it: 200 is what HTTP/1 says by 101. */
export function toUpgradeResponse(headers: ResponseHeaderMap, protocol: string): void {
  if (headers.getId(HeaderId.Status) !== "200") return;
  headers.setId(HeaderId.Status, "101");
  headers.setId(HeaderId.Upgrade, protocol);
  headers.setId(HeaderId.Connection, "upgrade");
}
