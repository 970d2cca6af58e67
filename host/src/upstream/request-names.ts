import { isIP } from "node:net";
import type { RequestServerNameConfig } from "../contracts/config/snapshot.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";

/** What a request asks of the handshake that is made for it, instead of what is configured. */
export interface RequestNames {
  readonly serverName: string | undefined;
  readonly subjectAltNames: readonly string[];
}

/** A request asks nothing: the cluster's configuration stands. */
export const configuredNames: RequestNames = { serverName: undefined, subjectAltNames: [] };

/** The name that the request is for, as `UpstreamHttpProtocolOptions` says; an IP address is no server name. */
export function requestNames(
  config: RequestServerNameConfig,
  headers: RequestHeaderMap | undefined,
): RequestNames {
  if (headers === undefined) return configuredNames;
  const authority = (config.header && headers.get(config.header)) || headers.get(":authority");
  const host = authority === undefined ? "" : hostOf(authority);
  if (host === "") return configuredNames;
  return {
    serverName: config.sent && isIP(host) === 0 ? host : undefined,
    subjectAltNames: config.verified ? [host] : [],
  };
}

/** An authority without its port and the brackets of an IPv6 address. */
function hostOf(authority: string): string {
  if (authority.startsWith("[")) return authority.slice(1, Math.max(authority.indexOf("]"), 1));
  const colon = authority.lastIndexOf(":");
  return colon < 0 || !/^\d*$/.test(authority.slice(colon + 1))
    ? authority
    : authority.slice(0, colon);
}
