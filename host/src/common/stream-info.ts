import type { Address } from "../contracts/address.ts";
import type { TimeSource } from "../contracts/event.ts";
import type { HeaderMap } from "../contracts/headers.ts";
import type { SslConnectionInfo } from "../contracts/network/connection.ts";
import type { Route } from "../contracts/router/route.ts";
import type {
  FilterState,
  GuestTimes,
  JsonValue,
  ListenerFacts,
  StreamInfo,
  UpstreamInfo,
  UpstreamOverrideHost,
} from "../contracts/stream-info.ts";

/** What a stream inherits from its connection. */
export interface StreamInfoSource {
  readonly downstreamLocalAddress: Address | undefined;
  readonly downstreamRemoteAddress: Address | undefined;
  readonly downstreamDirectRemoteAddress: Address | undefined;
  readonly connectionId: number;
  readonly filterChainName: string;
  readonly requestedServerName: string;
  readonly filterState?: FilterState | undefined;
  readonly listener?: ListenerFacts | undefined;
  readonly downstreamSsl?: SslConnectionInfo | undefined;
}

/** The one implementation of `StreamInfo`. */
export class StreamInfoImpl implements StreamInfo {
  startTimeSystemMs: number;
  startTimeMs: number;
  lastRxByteMs = 0;
  firstTxByteMs = 0;
  lastTxByteMs = 0;
  endTimeMs = 0;
  protocol = "";
  responseCode = 0;
  responseCodeDetails = "";
  connectionTerminationDetails = "";
  responseFlags = 0;
  bytesReceived = 0;
  bytesSent = 0;
  routeName = "";
  virtualHostName = "";
  route: Route | undefined = undefined;
  virtualHostMetadata: Route["virtualHostMetadata"] | undefined = undefined;
  upstreamOverrideHost: UpstreamOverrideHost | undefined = undefined;
  drainConnectionUponCompletion = false;
  upstreamInfo: UpstreamInfo | undefined = undefined;
  filterChainName: string;
  readonly listener: ListenerFacts | undefined;
  requestedServerName: string;
  downstreamTransportFailureReason = "";
  downstreamSsl: SslConnectionInfo | undefined;
  downstreamLocalAddress: Address | undefined;
  downstreamRemoteAddress: Address | undefined;
  readonly downstreamDirectRemoteAddress: Address | undefined;
  readonly connectionId: number;
  streamId = "";
  requestHeaders: HeaderMap | undefined = undefined;
  responseHeaders: HeaderMap | undefined = undefined;
  responseTrailers: HeaderMap | undefined = undefined;
  localReplyBody = "";
  dynamicMetadata: Map<string, { [key: string]: JsonValue }> | undefined = undefined;
  guestTimes: Map<string, GuestTimes> | undefined = undefined;
  readonly #parentState: FilterState | undefined;
  #filterState: FilterState | undefined = undefined;

  constructor(time: TimeSource, source: StreamInfoSource) {
    this.startTimeSystemMs = time.systemMs();
    this.startTimeMs = time.monotonicMs();
    this.filterChainName = source.filterChainName;
    this.listener = source.listener;
    this.requestedServerName = source.requestedServerName;
    this.downstreamLocalAddress = source.downstreamLocalAddress;
    this.downstreamRemoteAddress = source.downstreamRemoteAddress;
    this.downstreamDirectRemoteAddress = source.downstreamDirectRemoteAddress;
    this.connectionId = source.connectionId;
    this.downstreamSsl = source.downstreamSsl;
    this.#parentState = source.filterState;
  }

  get filterState(): FilterState {
    this.#filterState ??= new FilterStateImpl(this.#parentState);
    return this.#filterState;
  }
}

/** Values by name; what is missing is looked up in the parent (the connection's). */
export class FilterStateImpl implements FilterState {
  readonly #values = new Map<string, unknown>();
  readonly #parent: FilterState | undefined;

  constructor(parent?: FilterState) {
    this.#parent = parent;
  }

  get(key: string): unknown {
    return this.#values.has(key) ? this.#values.get(key) : this.#parent?.get(key);
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, value);
  }

  has(key: string): boolean {
    return this.#values.has(key) || (this.#parent?.has(key) ?? false);
  }
}

/** An empty record of the upstream side. */
export function newUpstreamInfo(): UpstreamInfo {
  return {
    host: undefined,
    clusterName: "",
    clusterObservabilityName: "",
    clusterMetadata: undefined,
    localAddress: undefined,
    remoteAddress: undefined,
    connectionId: 0,
    ssl: undefined,
    transportFailureReason: "",
    attemptCount: 0,
    poolReadyDurationMs: undefined,
    firstTxByteMs: 0,
    lastTxByteMs: 0,
    firstRxByteMs: 0,
    lastRxByteMs: 0,
    protocol: "",
  };
}
