import type { RateLimit } from "../../../config/gen/envoy/extensions/filters/network/ratelimit/v3/rate_limit_pb.js";
import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { NetworkFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import { compileFormat } from "../../../formatter/formatter.ts";
import { parseRateLimitService } from "../../common/ratelimit/parse-service.ts";

/** `envoy.extensions.filters.network.ratelimit.v3.RateLimit` as plain data. */
export interface NetworkRateLimitConfig {
  readonly statPrefix: string;
  readonly domain: string;
  readonly descriptors: readonly DescriptorConfig[];
  readonly failureModeDeny: boolean;
  /** Undefined only in configurations that are refused. */
  readonly service: GrpcServiceConfig | undefined;
}

/** Entries; values are texts with access log operators, checked. */
export type DescriptorConfig = readonly { readonly key: string; readonly value: string }[];

function parseConfig(message: RateLimit, context: ParseContext): NetworkRateLimitConfig {
  return {
    statPrefix: message.statPrefix,
    domain: message.domain,
    descriptors: message.descriptors.map(({ entries }) =>
      entries.map((entry) => {
        const format = compileFormat(entry.value);
        if (!format.ok) context.problem(entry, "value", format.error);
        return { key: entry.key, value: entry.value };
      }),
    ),
    failureModeDeny: message.failureModeDeny,
    service: parseRateLimitService(message.rateLimitService, message.timeout, context),
  };
}

export const networkRateLimitFilter: NetworkFilterFactory<NetworkRateLimitConfig> = {
  name: "envoy.filters.network.ratelimit",
  messageName: "envoy.extensions.filters.network.ratelimit.v3.RateLimit",
  isTerminal: false,
  parseConfig,
  async createFilterFactory(config, context) {
    const { createNetworkRateLimit } = await import("./network-rate-limit-filter.ts");
    return createNetworkRateLimit(config, context);
  },
};
