import type { JsonObject } from "@bufbuild/protobuf";
import {
  type ConnectionCase,
  type ConnectionOutcome,
  runConnectionCases,
} from "../../support/callout-connections.ts";
import type { Cleanup } from "../../support/sluice-process.ts";

const ok = { message: { overall_code: "OK" } };
const entries = (...list: [string, string][]): JsonObject => ({
  entries: list.map(([key, value]) => ({ key, value })),
});

export const connectionCases: readonly ConnectionCase[] = [
  { name: "ok", answer: ok },
  { name: "over", answer: { message: { overall_code: "OVER_LIMIT" } } },
  { name: "error", answer: { status: 14 } },
  { name: "error_final", filter: { failure_mode_deny: true }, answer: { status: 14 } },
  { name: "no_answer", answer: "nothing", slow: true },
  {
    name: "descriptors",
    answer: ok,
    filter: {
      descriptors: [
        entries(["a", "1"], ["b", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"]),
        entries(["c", "x%DYNAMIC_METADATA(none)%"]),
      ],
    },
  },
  {
    name: "metadata",
    answer: { message: { overall_code: "OK", dynamic_metadata: { user: "u" } } },
  },
];

export async function runConnections(cleanup: Cleanup): Promise<Map<string, ConnectionOutcome>> {
  return await runConnectionCases(cleanup, {
    cases: connectionCases,
    service: {
      path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
      requestType: "envoy.service.ratelimit.v3.RateLimitRequest",
      responseType: "envoy.service.ratelimit.v3.RateLimitResponse",
    },
    filterName: "envoy.filters.network.ratelimit",
    statsPrefix: "ratelimit.",
    filterOf: ({ name }, timeout) => ({
      "@type": "type.googleapis.com/envoy.extensions.filters.network.ratelimit.v3.RateLimit",
      stat_prefix: name,
      domain: "test",
      descriptors: [entries(["key", "value"])],
      timeout,
      rate_limit_service: {
        grpc_service: { envoy_grpc: { cluster_name: "service" } },
        transport_api_version: "V3",
      },
    }),
  });
}
