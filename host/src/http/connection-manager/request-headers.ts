import { isLoopback } from "../../common/address.ts";
import { HeaderId, idMask } from "../../common/headers/header-id.ts";
import type { Address } from "../../contracts/address.ts";
import type { LocalInfo } from "../../contracts/config/snapshot.ts";
import type { RandomSource } from "../../contracts/event.ts";
import type { RequestHeaderMap } from "../../contracts/headers.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import type { HcmConfig } from "./config.ts";
import { mutateForwardedClientCert } from "./forwarded-client-cert.ts";
import {
  addressFromForwardedFor,
  appendForwardedFor,
  joinForwardedFor,
  type ForwardedAddress,
} from "./forwarded-for.ts";
import { InternalAddresses } from "./internal-address.ts";
import { isValidReferer } from "./referer.ts";

// All of these are absent from most requests, which one test of the map's presence words finds out.
const hopByHop = idMask(
  HeaderId.Connection,
  HeaderId.KeepAlive,
  HeaderId.ProxyConnection,
  HeaderId.TransferEncoding,
  HeaderId.Upgrade,
  HeaderId.Te,
  HeaderId.XEnvoyInternal,
  HeaderId.Referer,
);

/** Instructions to the proxy that only internal clients may give. */
const internalOnlyIds = [
  HeaderId.XEnvoyRetriableStatusCodes,
  HeaderId.XEnvoyRetriableHeaderNames,
  HeaderId.XEnvoyRetryOn,
  HeaderId.XEnvoyRetryGrpcOn,
  HeaderId.XEnvoyMaxRetries,
  HeaderId.XEnvoyUpstreamAltStatName,
  HeaderId.XEnvoyUpstreamRqTimeoutMs,
  HeaderId.XEnvoyUpstreamRqPerTryTimeoutMs,
  HeaderId.XEnvoyUpstreamRqTimeoutAltResponse,
  HeaderId.XEnvoyExpectedRqTimeoutMs,
  HeaderId.XEnvoyForceTrace,
  HeaderId.XEnvoyIpTags,
  HeaderId.XEnvoyOriginalUrl,
  HeaderId.XEnvoyHedgeOnPerTryTimeout,
] as const;
const internalOnly = idMask(...internalOnlyIds);

/** What earlier hops of our own may say; at the edge nobody else may. */
const edgeIds = [
  HeaderId.XEnvoyDecoratorOperation,
  HeaderId.XEnvoyDownstreamServiceCluster,
  HeaderId.XEnvoyDownstreamServiceNode,
  HeaderId.XEnvoyOriginalPath,
  HeaderId.XEnvoyOriginalHost,
] as const;
const edge = idMask(...edgeIds);

/** Where the trace reason stands in a request id: `4` means none. */
const traceReasonIndex = 14;

/**
 * Prepares the headers of a request for filters and upstream, in the order of Envoy's
 * `ConnectionManagerUtility::mutateRequestHeaders`. One object per connection manager configuration.
 */
export class RequestHeaderMutator {
  readonly #config: HcmConfig;
  readonly #localInfo: LocalInfo;
  readonly #random: RandomSource;
  readonly #internalOnlyHeaders: () => readonly string[];
  readonly #internal: InternalAddresses;

  constructor(
    config: HcmConfig,
    localInfo: LocalInfo,
    random: RandomSource,
    internalOnlyHeaders: () => readonly string[],
  ) {
    const { cidrRanges, unixSockets } = config.forwarded.internalAddresses;
    this.#config = config;
    this.#localInfo = localInfo;
    this.#random = random;
    this.#internalOnlyHeaders = internalOnlyHeaders;
    this.#internal = new InternalAddresses(cidrRanges, unixSockets);
  }

  /**
   * Changes `headers`; gives the trusted address of the client. `upgrade`: the request wants to leave HTTP/1, and
   * keeps the headers that say so.
   */
  mutate(headers: RequestHeaderMap, connection: Connection, upgrade: boolean): Address {
    if (headers.hasAny(hopByHop)) removeHopByHop(headers, upgrade);
    if (headers.hasId(HeaderId.XForwardedFor)) joinForwardedFor(headers);
    const useRemoteAddress = this.#config.forwarded.useRemoteAddress;
    const origin = useRemoteAddress
      ? this.#originAtEdge(headers, connection.remoteAddress)
      : this.#originFromPeer(headers);
    const trusted = origin?.address ?? connection.remoteAddress;
    this.#forwardedProto(headers, connection);
    const internal =
      origin !== undefined && origin.single && !this.#internal.none && this.#internal.has(trusted);
    this.#removeForeignInstructions(headers, internal);
    this.#identity(headers);
    if (useRemoteAddress && !internal && trusted.kind === "ip") {
      headers.setId(HeaderId.XEnvoyExternalAddress, trusted.ip);
    }
    this.#requestId(headers, useRemoteAddress && !internal);
    if (connection.isTls || headers.hasId(HeaderId.XForwardedClientCert)) {
      mutateForwardedClientCert(headers, connection, this.#config.forwarded.clientCert);
    }
    return trusted;
  }

  /** We are the first proxy, or know how many trusted ones stand before us; the peer goes into the list. */
  #originAtEdge(headers: RequestHeaderMap, peer: Address): ForwardedAddress {
    const { xffNumTrustedHops } = this.#config.forwarded;
    const single = !headers.hasId(HeaderId.XForwardedFor);
    const forwarded =
      xffNumTrustedHops > 0 ? addressFromForwardedFor(headers, xffNumTrustedHops - 1) : undefined;
    this.#appendForwardedFor(headers, peer);
    return { address: forwarded?.address ?? peer, single };
  }

  /** The peer is a proxy that has filled in the list. */
  #originFromPeer(headers: RequestHeaderMap): ForwardedAddress | undefined {
    if (!headers.hasId(HeaderId.XForwardedFor)) return undefined;
    return addressFromForwardedFor(headers, this.#config.forwarded.xffNumTrustedHops);
  }

  #appendForwardedFor(headers: RequestHeaderMap, peer: Address): void {
    if (this.#config.forwarded.skipXffAppend || peer.kind !== "ip") return;
    appendForwardedFor(headers, isLoopback(peer) ? this.#localInfo.address : peer.ip);
  }

  #forwardedProto(headers: RequestHeaderMap, connection: Connection): void {
    const { useRemoteAddress, xffNumTrustedHops, schemeToOverwrite, appendXForwardedPort } =
      this.#config.forwarded;
    const scheme = connection.isTls ? "https" : "http";
    const override = useRemoteAddress && xffNumTrustedHops === 0;
    if (schemeToOverwrite !== "") {
      headers.setId(HeaderId.XForwardedProto, schemeToOverwrite);
    } else if (!headers.hasId(HeaderId.XForwardedProto)) {
      headers.addIdUnchecked(HeaderId.XForwardedProto, scheme);
    } else if (override) {
      headers.setId(HeaderId.XForwardedProto, scheme);
    }
    if (appendXForwardedPort && connection.localAddress.kind === "ip") {
      if (override || !headers.hasId(HeaderId.XForwardedPort)) {
        headers.setId(HeaderId.XForwardedPort, String(connection.localAddress.port));
      }
    }
    this.#scheme(headers, scheme);
  }

  /** `:scheme`, which HTTP/1 requests have only in absolute form: what the client (of our front proxy) used. */
  #scheme(headers: RequestHeaderMap, own: string): void {
    const forced = this.#config.forwarded.schemeToOverwrite;
    if (forced !== "") {
      headers.setId(HeaderId.Scheme, forced);
    } else if (!headers.hasId(HeaderId.Scheme)) {
      const forwarded = headers.getId(HeaderId.XForwardedProto);
      const scheme = isHttpScheme(forwarded) ? forwarded.toLowerCase() : own;
      headers.addIdUnchecked(HeaderId.Scheme, scheme);
    }
  }

  #removeForeignInstructions(headers: RequestHeaderMap, internal: boolean): void {
    if (internal) {
      headers.setId(HeaderId.XEnvoyInternal, "true");
      return;
    }
    if (this.#config.forwarded.useRemoteAddress && headers.hasAny(edge)) {
      for (let i = 0; i < edgeIds.length; i += 1) headers.removeId(edgeIds[i]!);
    }
    if (headers.hasAny(internalOnly)) {
      for (let i = 0; i < internalOnlyIds.length; i += 1) headers.removeId(internalOnlyIds[i]!);
    }
    const names = this.#internalOnlyHeaders();
    for (let i = 0; i < names.length; i += 1) headers.remove(names[i]!);
  }

  #identity(headers: RequestHeaderMap): void {
    const config = this.#config;
    if (config.addUserAgent) {
      const { clusterName, nodeId } = this.#localInfo;
      headers.setId(HeaderId.XEnvoyDownstreamServiceCluster, clusterName);
      if ((headers.getId(HeaderId.UserAgent) ?? "") === "") {
        headers.setId(HeaderId.UserAgent, clusterName);
      }
      if (nodeId !== "") headers.setId(HeaderId.XEnvoyDownstreamServiceNode, nodeId);
    }
    if (config.via !== "") appendVia(headers, config.via);
  }

  #requestId(headers: RequestHeaderMap, isEdge: boolean): void {
    const config = this.#config.requestId;
    if (!config.generate) return;
    if (!headers.hasId(HeaderId.XRequestId)) {
      headers.addIdUnchecked(HeaderId.XRequestId, this.#random.uuid());
      return;
    }
    const id = headers.getId(HeaderId.XRequestId)!;
    if (id === "" || (isEdge && !config.preserveExternal)) {
      headers.setId(HeaderId.XRequestId, this.#random.uuid());
    } else if (isEdge && config.packTraceReason && id.length === 36) {
      const rest = id.slice(traceReasonIndex + 1);
      headers.setId(HeaderId.XRequestId, `${id.slice(0, traceReasonIndex)}4${rest}`);
    }
  }
}

/** Adds this proxy to `via`. */
export function appendVia(headers: RequestHeaderMap, via: string): void {
  const before = headers.getJoined("via");
  headers.setId(HeaderId.Via, before === undefined || before === "" ? via : `${before}, ${via}`);
}

function removeHopByHop(headers: RequestHeaderMap, upgrade: boolean): void {
  if (!upgrade) {
    headers.removeId(HeaderId.Connection);
    headers.removeId(HeaderId.Upgrade);
  }
  headers.removeId(HeaderId.KeepAlive);
  headers.removeId(HeaderId.ProxyConnection);
  headers.removeId(HeaderId.TransferEncoding);
  headers.removeId(HeaderId.XEnvoyInternal);
  if (headers.hasId(HeaderId.Te)) keepOnlyTrailers(headers);
  if (headers.hasId(HeaderId.Referer)) removeInvalidReferer(headers);
}

/** Of `te` only the willingness to take trailers means anything to the next hop. */
function keepOnlyTrailers(headers: RequestHeaderMap): void {
  const options = headers.getJoined("te")!.split(",");
  const trailers = options.some((option) => option.split(";", 1)[0]!.trim() === "trailers");
  if (trailers) headers.setId(HeaderId.Te, "trailers");
  else headers.removeId(HeaderId.Te);
}

function removeInvalidReferer(headers: RequestHeaderMap): void {
  const referer = headers.getJoined("referer")!;
  if (isValidReferer(referer)) headers.setId(HeaderId.Referer, referer);
  else headers.removeId(HeaderId.Referer);
}

function isHttpScheme(text: string | undefined): text is string {
  if (text === undefined) return false;
  if (text === "http" || text === "https") return true;
  const lower = text.toLowerCase();
  return lower === "http" || lower === "https";
}
