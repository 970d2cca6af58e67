import { isIP } from "node:net";
import { CompoundState } from "../common/filter-state-objects.ts";
import type { RequestServerNameConfig } from "../contracts/config/snapshot.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";
import type { FilterState } from "../contracts/stream-info.ts";

/** What a request asks of the handshake that is made for it, instead of what is configured. */
export interface RequestNames {
  readonly serverName: string | undefined;
  readonly subjectAltNames: readonly string[];
  /** Protocols that are offered. */
  readonly alpnProtocols: readonly string[] | undefined;
}

/** Filter state by which filters say the same; each goes before what the request's header says. */
const serverNameKey = "envoy.network.upstream_server_name";
const subjectAltNamesKey = "envoy.network.upstream_subject_alt_names";
const alpnKey = "envoy.network.application_protocols";

/** A request asks nothing: the cluster's configuration stands. */
export const configuredNames: RequestNames = {
  serverName: undefined,
  subjectAltNames: [],
  alpnProtocols: undefined,
};

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
    alpnProtocols: undefined,
  };
}

/** `names`, with what filters have said instead. */
export function namesOfState(state: FilterState, names: RequestNames): RequestNames {
  const serverName = state.get(serverNameKey);
  const subjectAltNames = state.get(subjectAltNamesKey);
  const protocols = state.get(alpnKey);
  const alpn = protocols instanceof CompoundState ? protocols.source : protocols;
  if (serverName === undefined && subjectAltNames === undefined && alpn === undefined) return names;
  return {
    serverName: typeof serverName === "string" ? serverName : names.serverName,
    subjectAltNames:
      typeof subjectAltNames === "string" ? subjectAltNames.split(",") : names.subjectAltNames,
    alpnProtocols: typeof alpn === "string" ? alpn.split(",") : undefined,
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
