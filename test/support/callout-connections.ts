import net from "node:net";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "./admin-stats.ts";
import { flushArguments, logged, moved, stableCheck, stableLog } from "./callout-recording.ts";
import { type GrpcAnswer, grpcService, type GrpcServiceOptions } from "./callout-services.ts";
import { listenerPorts } from "./listener-ports.ts";
import { freePort } from "./ports.ts";
import { bootstrap, staticCluster, typeUrl } from "./proxy-config.ts";
import { type Cleanup, scratchFolder, startSluice } from "./sluice-process.ts";

// Network filters that ask a gRPC service, each in front of an echo.

/** One configuration of the filter, and one answer of the service. */
export interface ConnectionCase {
  readonly name: string;
  /** Fields that differ from those of the other cases. */
  readonly filter?: JsonObject;
  readonly answer: GrpcAnswer;
  /** The filter does not wait for the answer. */
  readonly slow?: boolean;
}

/** What everybody saw of one connection. */
export interface ConnectionOutcome {
  /** What the service was asked. */
  readonly calls: unknown[];
  /** What came back of "hello". */
  readonly received: string;
  /** Flags, details, dynamic metadata of the filter. */
  readonly log: string;
  /** Stats that moved. */
  readonly stats: { readonly [name: string]: number };
}

export interface ConnectionScenario<Case extends ConnectionCase> {
  readonly cases: readonly Case[];
  readonly service: Omit<GrpcServiceOptions, "answer">;
  /** Of the filter: namespace of its metadata. */
  readonly filterName: string;
  /** Stats that are looked at begin so. */
  readonly statsPrefix: string;
  /** Of the bootstrap; default: none. */
  readonly node?: JsonObject;
  /** The filter's `typed_config`, for a service that is the cluster `service`. */
  filterOf(each: Case, timeout: string): JsonObject;
  /** Default: as TCP. */
  connect?(each: Case, port: number): Promise<net.Socket>;
  /** Of the listener; default: none. */
  transportSocket?(each: Case): JsonObject | undefined;
}

const echo = { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" };

/** Runs the cases one by one against one proxy. */
export async function runConnectionCases<Case extends ConnectionCase>(
  cleanup: Cleanup,
  scenario: ConnectionScenario<Case>,
): Promise<Map<string, ConnectionOutcome>> {
  const { cases, statsPrefix } = scenario;
  let calls: unknown[] = [];
  let current: Case;
  const grpc = await grpcService(cleanup, {
    ...scenario.service,
    answer: (call) => {
      calls.push(stableCheck(call));
      return current.answer;
    },
  });
  const admin = await freePort();
  const log = path.join(scratchFolder(cleanup), "access.log");
  const config = bootstrap(
    cases.map((each) => listenerOf(each, scenario, log)),
    [staticCluster("service", [grpc], { http2_protocol_options: {} })],
    { ...adminAt(admin), ...(scenario.node && { node: scenario.node }) },
  );
  const sluice = await startSluice(cleanup, { config, args: flushArguments() });
  const ports = await listenerPorts(admin);
  const seen: Omit<ConnectionOutcome, "log">[] = [];
  for (const each of cases) {
    current = each;
    calls = [];
    const before = await statsBelow(admin, statsPrefix);
    const port = ports.get(each.name)!;
    const socket = await (scenario.connect?.(each, port) ?? net.connect(port, "127.0.0.1"));
    const received = await greet(socket);
    seen.push({ calls, received, stats: moved(before, await statsBelow(admin, statsPrefix)) });
  }
  const lines = await logged(log, cases.length);
  await sluice.stop("SIGKILL");
  return new Map(cases.map(({ name }, i) => [name, { ...seen[i]!, log: stableLog(lines[i]!) }]));
}

/** Sends a greeting; gives what came back before the connection ended, which the echo does not do. */
async function greet(socket: net.Socket): Promise<string> {
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

function listenerOf<Case extends ConnectionCase>(
  each: Case,
  scenario: ConnectionScenario<Case>,
  log: string,
): JsonObject {
  const filter = scenario.filterOf(each, each.slow === true ? "0.1s" : "20s");
  const tls = scenario.transportSocket?.(each);
  const metadata = `%DYNAMIC_METADATA(${scenario.filterName})%`;
  const format = `%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% ${metadata}\n`;
  const inline = { text_format_source: { inline_string: format } };
  return {
    name: each.name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      {
        filters: [
          { name: "callout", typed_config: { ...filter, ...each.filter } },
          { name: "echo", typed_config: echo },
        ],
        ...(tls && { transport_socket: tls }),
      },
    ],
    access_log: [
      { name: "log", typed_config: { "@type": typeUrl("fileLog"), path: log, log_format: inline } },
    ],
  };
}
