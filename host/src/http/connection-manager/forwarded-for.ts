import { canonicalIp } from "../../common/address.ts";
import { HeaderId } from "../../common/headers/header-id.ts";
import type { Address } from "../../contracts/address.ts";
import type { RequestHeaderMap } from "../../contracts/headers.ts";

/** An address taken out of `x-forwarded-for`. */
export interface ForwardedAddress {
  readonly address: Address;
  /** It was the only entry. */
  readonly single: boolean;
}

/**
 * The entry that `skip` others stand to the right of. Undefined when there are not so many, or it is not an IP
 * address. The address has port 0: it is not that of a socket.
 */
export function addressFromForwardedFor(
  headers: RequestHeaderMap,
  skip: number,
): ForwardedAddress | undefined {
  if (!headers.hasId(HeaderId.XForwardedFor)) return undefined;
  const list = headers.getId(HeaderId.XForwardedFor)!;
  let end = list.length;
  for (let i = 0; i < skip; i += 1) {
    end = end === 0 ? -1 : list.lastIndexOf(",", end - 1);
    if (end < 0) return undefined;
  }
  const comma = end === 0 ? -1 : list.lastIndexOf(",", end - 1);
  const ip = canonicalIp(list.slice(comma + 1, end).trim());
  if (ip === undefined) return undefined;
  const address: Address = { kind: "ip", ip: ip.ip, port: 0, family: ip.family };
  return { address, single: comma < 0 && skip === 0 };
}

/** Several `x-forwarded-for` lines are one list. */
export function joinForwardedFor(headers: RequestHeaderMap): void {
  const joined = headers.getJoined("x-forwarded-for")!;
  if (joined !== headers.getId(HeaderId.XForwardedFor)) {
    headers.setId(HeaderId.XForwardedFor, joined);
  }
}

/** Adds an entry at the end. */
export function appendForwardedFor(headers: RequestHeaderMap, ip: string): void {
  const list = headers.getId(HeaderId.XForwardedFor) ?? "";
  headers.setId(HeaderId.XForwardedFor, list === "" ? ip : `${list},${ip}`);
}
