import { storeMetadata } from "../../../common/dynamic-metadata.ts";
import { ProtobufWriter } from "../../../common/protobuf/writer.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { Dispatcher } from "../../../contracts/event.ts";
import {
  type Connection,
  type ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionEvent,
} from "../../../contracts/network/connection.ts";
import {
  FilterStatus,
  type NetworkFilterFactoryCb,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../../contracts/network/filter.ts";
import type { ListenerContext } from "../../../contracts/runtime.ts";
import type { Counter, Gauge, StatsScope } from "../../../contracts/stats.ts";
import { ResponseFlag } from "../../../contracts/stream-info.ts";
import {
  Attribute,
  writeMetadata,
  writePeers,
  writeTlsSession,
} from "../../common/ext_authz/attributes.ts";
import type {
  AuthCall,
  AuthCallbacks,
  AuthResponse,
} from "../../common/ext_authz/auth-response.ts";
import { GrpcAuthorization } from "../../common/ext_authz/grpc-authorization.ts";
import { MetadataMatcher } from "../../common/ext_authz/metadata-matcher.ts";
import type { NetworkExtAuthzConfig } from "./config.ts";

const filterName = "envoy.filters.network.ext_authz";
const CheckRequest = { attributes: 1 } as const;

/** `ext_authz.<stat_prefix>.` */
interface NetworkExtAuthzStats {
  readonly total: Counter;
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly failureModeAllowed: Counter;
  readonly disabled: Counter;
  readonly cxClosed: Counter;
  readonly active: Gauge;
}

/** What the filters of one configuration share on a worker. */
interface Shared {
  readonly config: NetworkExtAuthzConfig;
  readonly authorization: GrpcAuthorization;
  readonly enabledMetadata: MetadataMatcher | undefined;
  readonly dispatcher: Dispatcher;
  readonly stats: NetworkExtAuthzStats;
}

export function createNetworkExtAuthz(
  config: NetworkExtAuthzConfig,
  context: ListenerContext,
): NetworkFilterFactoryCb {
  const shared: Shared = {
    config,
    authorization: new GrpcAuthorization(config.service!, context),
    enabledMetadata: config.enabledMetadata && new MetadataMatcher(config.enabledMetadata),
    dispatcher: context.dispatcher,
    stats: statsOf(context.stats.scope(`ext_authz.${config.statPrefix}`)),
  };
  return (connection) => connection.addReadFilter(new NetworkExtAuthzFilter(shared));
}

function statsOf(scope: StatsScope): NetworkExtAuthzStats {
  return {
    total: scope.counter("total"),
    ok: scope.counter("ok"),
    denied: scope.counter("denied"),
    error: scope.counter("error"),
    failureModeAllowed: scope.counter("failure_mode_allowed"),
    disabled: scope.counter("disabled"),
    cxClosed: scope.counter("cx_closed"),
    active: scope.gauge("active"),
  };
}

/** Holds what a client sends first until the service has allowed the connection. */
class NetworkExtAuthzFilter implements ReadFilter, AuthCallbacks, ConnectionCallbacks {
  readonly #shared: Shared;
  #callbacks!: ReadFilterCallbacks;
  #call: AuthCall | undefined = undefined;
  #state: "waiting" | "calling" | "allowed" | "refused" = "waiting";
  /** Inside of `check`: `onData` is still on the stack. */
  #initiating = false;
  #startMs = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
    callbacks.connection.addConnectionCallbacks(this);
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(_data: DataBuffer): FilterStatus {
    if (this.#state === "waiting") this.#begin();
    return this.#state === "allowed" ? FilterStatus.Continue : FilterStatus.StopIteration;
  }

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected || this.#state !== "calling") return;
    this.#state = "refused";
    this.#call?.cancel();
    this.#shared.stats.active.dec();
  }

  onAboveWriteBufferHighWatermark(): void {
    // Nothing is written from here.
  }

  onBelowWriteBufferLowWatermark(): void {
    // The same.
  }

  #begin(): void {
    const { stats, enabledMetadata, authorization, dispatcher } = this.#shared;
    const { connection } = this.#callbacks;
    if (enabledMetadata?.match(connection.streamInfo.dynamicMetadata) === false) {
      stats.disabled.inc();
      this.#state = "allowed";
      return;
    }
    this.#state = "calling";
    stats.active.inc();
    stats.total.inc();
    this.#startMs = dispatcher.time.monotonicMs();
    this.#initiating = true;
    this.#call = authorization.check(this.#checkOf(connection), this);
    this.#initiating = false;
  }

  #checkOf(connection: Connection): Buffer {
    const { config } = this.#shared;
    const writer = new ProtobufWriter();
    const attributes = writer.begin(CheckRequest.attributes);
    writePeers(writer, connection, "", config);
    const metadata = connection.streamInfo.dynamicMetadata;
    writeMetadata(writer, Attribute.metadataContext, config.metadataNamespaces, (namespace) =>
      metadata?.get(namespace),
    );
    writeTlsSession(writer, connection, config);
    writer.end(attributes);
    return writer.finish();
  }

  onAuthResponse(response: AuthResponse): void {
    const { stats, config } = this.#shared;
    const { status } = response;
    this.#call = undefined;
    stats.active.dec();
    stats[status].inc();
    this.#ingestMetadata(response);
    if (status === "denied" || (status === "error" && !config.failureModeAllow)) {
      this.#close(status);
      return;
    }
    if (status === "error") stats.failureModeAllowed.inc();
    this.#state = "allowed";
    if (!this.#initiating) this.#callbacks.continueReading();
  }

  /** How long the service took is noted whenever it allows the connection. */
  #ingestMetadata({ status, dynamicMetadata }: AuthResponse): void {
    if (dynamicMetadata === undefined && status !== "ok") return;
    const values = { ...dynamicMetadata };
    if (status === "ok") {
      const passedMs = this.#shared.dispatcher.time.monotonicMs() - this.#startMs;
      values["ext_authz_duration"] = Math.floor(passedMs);
    }
    storeMetadata(this.#callbacks.connection.streamInfo, filterName, values);
  }

  #close(status: "denied" | "error"): void {
    const { connection } = this.#callbacks;
    const { streamInfo } = connection;
    this.#state = "refused";
    this.#shared.stats.cxClosed.inc();
    streamInfo.responseFlags |= ResponseFlag.UnauthorizedExternalService;
    streamInfo.responseCodeDetails = `ext_authz_${status}`;
    connection.close(ConnectionCloseType.NoFlush, "ext_authz_close");
  }
}
