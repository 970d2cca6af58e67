import { storeMetadata } from "../../../common/dynamic-metadata.ts";
import type { FilterStatus, NetworkFilterFactoryCb } from "../../../contracts/network/filter.ts";
import type { RateLimitDescriptor } from "../../../contracts/router/rate-limit.ts";
import type { ListenerContext } from "../../../contracts/runtime.ts";
import type { Counter, StatsScope } from "../../../contracts/stats.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import { compileFormat, type Formatter } from "../../../formatter/formatter.ts";
import type { GrpcCall } from "../../../grpc/grpc-client.ts";
import {
  type RateLimitCallbacks,
  RateLimitClient,
} from "../../common/ratelimit/rate-limit-client.ts";
import type { RateLimitAnswer } from "../../common/ratelimit/rate-limit-response.ts";
import { CalloutFilter, type CalloutStats, calloutStats } from "../common/callout-filter.ts";
import type { NetworkRateLimitConfig } from "./config.ts";

const filterName = "envoy.filters.network.ratelimit";

/** `ratelimit.<stat_prefix>.` */
interface NetworkRateLimitStats extends CalloutStats {
  readonly overLimit: Counter;
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
  return { ...calloutStats(scope), overLimit: scope.counter("over_limit") };
}

/** Holds a connection until the service has counted it. */
class NetworkRateLimitFilter extends CalloutFilter implements RateLimitCallbacks {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    super(shared.stats);
    this.#shared = shared;
  }

  override onNewConnection(): FilterStatus {
    return this.proceed();
  }

  protected override applies(): boolean {
    return true;
  }

  protected override ask(): GrpcCall | undefined {
    const { client, config } = this.#shared;
    const descriptors = this.#descriptorsOf(this.callbacks.connection.streamInfo);
    return client.ask({ domain: config.domain, descriptors, hitsAddend: 0 }, this);
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
    this.finish();
    this.#ingestMetadata(answer);
    if (answer.code === "over_limit") {
      stats.overLimit.inc();
      this.refuse("ratelimit_close_over_limit");
      return;
    }
    if (answer.code === "error") {
      stats.error.inc();
      if (config.failureModeDeny) {
        this.refuse("ratelimit_error_close");
        return;
      }
      stats.failureModeAllowed.inc();
    } else {
      stats.ok.inc();
    }
    this.allow();
  }

  #ingestMetadata({ dynamicMetadata }: RateLimitAnswer): void {
    if (dynamicMetadata === undefined) return;
    storeMetadata(this.callbacks.connection.streamInfo, filterName, dynamicMetadata);
  }
}
