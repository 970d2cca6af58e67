import type { JsonObject } from "@bufbuild/protobuf";
import type { ServerPorts } from "./servers.ts";
import type { TrafficCase } from "./traffic.ts";

/** Where everything listens. */
export interface CorpusPorts extends ServerPorts {
  readonly admin: number;
  /** Of a listener whose script logs the path of each request. */
  readonly mark: number;
  /** Nobody listens there. */
  readonly refused: number;
  /** Of the corpus' own listeners. */
  readonly listeners: { readonly [name: string]: number };
}

/** Cases that are run one after another in one proxy. */
export interface Corpus<Case extends TrafficCase = TrafficCase> {
  readonly listeners: readonly string[];
  /** Of the proxy; `bootstrapOf` adds what every corpus has. */
  config(ports: CorpusPorts): { readonly listeners: JsonObject[]; readonly clusters: JsonObject[] };
  readonly cases: readonly Case[];
  listenerOf(each: Case): string;
  /** Lines of these loggers are compared. */
  readonly logger: "lua" | "wasm";
  /** What admin is asked for of them: a pattern for both proxies. */
  readonly statsFilter: string;
  /** Changes of the counters and gauges whose names match are compared. */
  readonly stats: RegExp;
  /** What is logged before the first case is compared, too. */
  readonly comparesStart: boolean;
  /** A line of the log without what differs from run to run. */
  plainLine(line: string): string;
  /** False for what only one of the proxies says. */
  keepsLine(line: string): boolean;
}
