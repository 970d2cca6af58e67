import net from "node:net";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../../support/admin-stats.ts";
import { flushArguments, logged, moved, stableCheck } from "../../support/callout-recording.ts";
import { type GrpcAnswer, grpcService } from "../../support/callout-services.ts";
import { listenerPorts } from "../../support/listener-ports.ts";
import { freePort } from "../../support/ports.ts";
import { bootstrap, staticCluster, typeUrl } from "../../support/proxy-config.ts";
import { type Cleanup, scratchFolder, startSluice } from "../../support/sluice-process.ts";

/** One configuration of the network filter, in front of an echo, and one answer of the service. */
export interface ConnectionCase {
  readonly name: string;
  readonly filter?: JsonObject;
  readonly answer: GrpcAnswer;
  readonly slow?: boolean;
}

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

export interface ConnectionOutcome {
  readonly calls: unknown[];
  /** What came back of "hello". */
  readonly received: string;
  readonly log: string;
  readonly stats: { readonly [name: string]: number };
}

const type = "type.googleapis.com/envoy.extensions.filters.network";
const format =
  "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %DYNAMIC_METADATA(envoy.filters.network.ratelimit)%";

/** Runs the cases one by one against one proxy. */
export async function runConnections(cleanup: Cleanup): Promise<Map<string, ConnectionOutcome>> {
  let calls: unknown[] = [];
  let current: ConnectionCase;
  const grpc = await grpcService(cleanup, {
    path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
    requestType: "envoy.service.ratelimit.v3.RateLimitRequest",
    responseType: "envoy.service.ratelimit.v3.RateLimitResponse",
    answer: (call) => {
      calls.push(stableCheck(call));
      return current.answer;
    },
  });
  const admin = await freePort();
  const log = path.join(scratchFolder(cleanup), "access.log");
  const config = bootstrap(
    connectionCases.map((each) => listenerOf(each, log)),
    [staticCluster("limits", [grpc], { http2_protocol_options: {} })],
    adminAt(admin),
  );
  const sluice = await startSluice(cleanup, { config, args: flushArguments() });
  const ports = await listenerPorts(admin);
  const seen: Omit<ConnectionOutcome, "log">[] = [];
  for (const each of connectionCases) {
    current = each;
    calls = [];
    const before = await statsBelow(admin, "ratelimit.");
    const received = await greet(ports.get(each.name)!);
    const after = await statsBelow(admin, "ratelimit.");
    seen.push({ calls, received, stats: moved(before, after) });
  }
  const lines = await logged(log, connectionCases.length);
  await sluice.stop("SIGKILL");
  return new Map(connectionCases.map(({ name }, i) => [name, { ...seen[i]!, log: lines[i]! }]));
}

/** Sends a greeting; gives what came back before the connection ended, which the echo does not do. */
async function greet(port: number): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text === "hello") socket.end();
  });
  socket.write("hello");
  // A connection that is refused may be reset: that is an error, and then a close.
  await new Promise((resolve) => socket.on("close", resolve));
  return text;
}

function listenerOf(each: ConnectionCase, log: string): JsonObject {
  const filter = {
    "@type": `${type}.ratelimit.v3.RateLimit`,
    stat_prefix: each.name,
    domain: "test",
    descriptors: [entries(["key", "value"])],
    timeout: each.slow === true ? "0.1s" : "20s",
    rate_limit_service: {
      grpc_service: { envoy_grpc: { cluster_name: "limits" } },
      transport_api_version: "V3",
    },
    ...each.filter,
  };
  const inline = { text_format_source: { inline_string: `${format}\n` } };
  return {
    name: each.name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      {
        filters: [
          { name: "limit", typed_config: filter },
          { name: "echo", typed_config: { "@type": `${type}.echo.v3.Echo` } },
        ],
      },
    ],
    access_log: [
      { name: "log", typed_config: { "@type": typeUrl("fileLog"), path: log, log_format: inline } },
    ],
  };
}
