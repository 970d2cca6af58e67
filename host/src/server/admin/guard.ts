import { isIP } from "node:net";
import { hostname } from "node:os";
import { isLoopback } from "../../common/address.ts";
import type { Address } from "../../contracts/address.ts";

/** The parts of a request that tell whether a web page of somebody else sent it. */
export interface RequestOrigin {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `sec-fetch-site` */
  readonly fetchSite: string | undefined;
  /** Whether the request changes something. */
  readonly mutates: boolean;
}

/**
 * Why a request is refused; undefined when it is not. Browsers are made to send requests by pages from
 * anywhere: such a request names its origin (cross-site request forgery), or comes under a name that an
 * attacker's DNS gave to this machine (DNS rebinding). By name only this machine may be addressed, unless admin
 * was bound to an outer address, where reading is allowed under every name.
 */
export function refusal(request: RequestOrigin, bound: Address): string | undefined {
  const { host = "", origin, fetchSite } = request;
  if (fetchSite === "cross-site") return "cross-site requests are not allowed";
  if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) {
    return `requests of the origin ${printable(origin)} are not allowed`;
  }
  const reachedFromOutside = bound.kind === "ip" && !isLoopback(bound);
  if (reachedFromOutside && !request.mutates) return undefined;
  if (host === "" || isOwnName(withoutPort(host))) return undefined;
  return `the host ${printable(host)} is not this one; use its address`;
}

function hostOf(origin: string): string | undefined {
  const match = /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase());
  return match?.[1];
}

function withoutPort(host: string): string {
  return host.toLowerCase().replace(/:[0-9]*$/, "");
}

function isOwnName(name: string): boolean {
  const address = name.startsWith("[") ? name.slice(1, -1) : name;
  return (
    isIP(address) !== 0 ||
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === hostname().toLowerCase()
  );
}

function printable(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
