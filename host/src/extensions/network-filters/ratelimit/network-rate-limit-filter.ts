import { storeMetadata } from "../../../common/dynamic-metadata.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import {
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
import type { RateLimitDescriptor } from "../../../contracts/router/rate-limit.ts";
import type { ListenerContext } from "../../../contracts/runtime.ts";
import type { Counter, Gauge, StatsScope } from "../../../contracts/stats.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import { compileFormat, type Formatter } from "../../../formatter/formatter.ts";
import type { GrpcCall } from "../../../grpc/grpc-client.ts";
import {
  type RateLimitCallbacks,
  RateLimitClient,
} from "../../common/ratelimit/rate-limit-client.ts";
import type { RateLimitAnswer } from "../../common/ratelimit/rate-limit-response.ts";
import type { NetworkRateLimitConfig } from "./config.ts";

const filterName = "envoy.filters.network.ratelimit";

/** `ratelimit.<stat_prefix>.` */
interface NetworkRateLimitStats {
  readonly total: Counter;
  readonly ok: Counter;
  readonly overLimit: Counter;
  readonly error: Counter;
  readonly failureModeAllowed: Counter;
  readonly cxClosed: Counter;
  readonly active: Gauge;
}

type Descriptor = readonly { readonly key: string; readonly value: Formatter }[];

/** What the filters of one configuration share on a worker. */
interface Shared {
  readonly config: NetworkRateLimitConfig;
  readonly client: RateLimitClient;
  readonly descriptors: readonly Descriptor[];
  readonly stats: NetworkRateLimitStats;
}

export function createNetworkRateLimit(
  config: NetworkRateLimitConfig,
  context: ListenerContext,
): NetworkFilterFactoryCb {
  const shared: Shared = {
    config,
    client: new RateLimitClient(config.service!, context),
    descriptors: config.descriptors.map((entries) =>
      entries.map(({ key, value }) => ({ key, value: formatterOf(value) })),
    ),
    stats: statsOf(context.stats.scope(`ratelimit.${config.statPrefix}`)),
  };
  return (connection) => connection.addReadFilter(new NetworkRateLimitFilter(shared));
}

function formatterOf(text: string): Formatter {
  const format = compileFormat(text);
  if (!format.ok) throw new Error(format.error);
  return format.value;
}

function statsOf(scope: StatsScope): NetworkRateLimitStats {
  return {
    total: scope.counter("total"),
    ok: scope.counter("ok"),
    overLimit: scope.counter("over_limit"),
    error: scope.counter("error"),
    failureModeAllowed: scope.counter("failure_mode_allowed"),
    cxClosed: scope.counter("cx_closed"),
    active: scope.gauge("active"),
  };
}

/** Holds a connection until the service has counted it. */
class NetworkRateLimitFilter implements ReadFilter, RateLimitCallbacks, ConnectionCallbacks {
  readonly #shared: Shared;
  #callbacks!: ReadFilterCallbacks;
  #call: GrpcCall | undefined = undefined;
  #state: "calling" | "allowed" | "closed" = "allowed";
  /** Inside of `ask`: `onNewConnection` is still on the stack. */
  #initiating = false;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
    callbacks.connection.addConnectionCallbacks(this);
  }

  onNewConnection(): FilterStatus {
    const { stats, client, config } = this.#shared;
    const { streamInfo } = this.#callbacks.connection;
    this.#state = "calling";
    stats.active.inc();
    stats.total.inc();
    const descriptors = this.#descriptorsOf(streamInfo);
    this.#initiating = true;
    this.#call = client.ask({ domain: config.domain, descriptors, hitsAddend: 0 }, this);
    this.#initiating = false;
    return this.#status;
  }

  onData(_data: DataBuffer): FilterStatus {
    return this.#status;
  }

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected || this.#state !== "calling") return;
    this.#state = "closed";
    this.#call?.cancel();
    this.#shared.stats.active.dec();
  }

  onAboveWriteBufferHighWatermark(): void {
    // Nothing is written from here.
  }

  onBelowWriteBufferLowWatermark(): void {
    // The same.
  }

  get #status(): FilterStatus {
    return this.#state === "allowed" ? FilterStatus.Continue : FilterStatus.StopIteration;
  }

  #descriptorsOf(streamInfo: StreamInfo): RateLimitDescriptor[] {
    return this.#shared.descriptors.map((entries) => ({
      entries: entries.map(({ key, value }) => ({ key, value: value.format(streamInfo) })),
      limit: undefined,
      hitsAddend: undefined,
      isNegativeHits: false,
    }));
  }

  onRateLimitAnswer(answer: RateLimitAnswer): void {
    const { stats, config } = this.#shared;
    this.#call = undefined;
    stats.active.dec();
    this.#ingestMetadata(answer);
    if (answer.code === "over_limit") {
      stats.overLimit.inc();
      this.#close("ratelimit_close_over_limit");
      return;
    }
    if (answer.code === "error") {
      stats.error.inc();
      if (config.failureModeDeny) {
        this.#close("ratelimit_error_close");
        return;
      }
      stats.failureModeAllowed.inc();
    } else {
      stats.ok.inc();
    }
    this.#state = "allowed";
    if (!this.#initiating) this.#callbacks.continueReading();
  }

  #ingestMetadata({ dynamicMetadata }: RateLimitAnswer): void {
    if (dynamicMetadata === undefined) return;
    storeMetadata(this.#callbacks.connection.streamInfo, filterName, dynamicMetadata);
  }

  #close(reason: string): void {
    this.#state = "closed";
    this.#shared.stats.cxClosed.inc();
    this.#callbacks.connection.close(ConnectionCloseType.NoFlush, reason);
  }
}
