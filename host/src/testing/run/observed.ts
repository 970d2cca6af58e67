import type { Place } from "../../config/problem.ts";
import type { Costs, LogLine, StreamRecord } from "../proxy/proxy.ts";
import type { Received, ReceivedBytes } from "../servers/received.ts";
import type { HeaderList } from "../suite/suite.ts";
import type { Connection } from "./connection.ts";
import type { Exchange, Response } from "./exchange.ts";

/** What has come between two expectations, copied when it was looked at. */
export interface Observed {
  /** Of the latest request; undefined: there was none. */
  readonly response: Response | undefined;
  readonly reset: boolean;
  readonly clientPort: number | undefined;
  readonly received: Buffer | undefined;
  readonly closed: boolean;
  /** Since the expectation before; also those that were not complete then. */
  readonly requests: readonly Received[];
  /** Without those. */
  readonly fresh: readonly Received[];
  readonly connections: readonly Omit<ReceivedBytes, "socket">[];
  readonly log: readonly LogLine[];
  /** Those that the expectation asks for. */
  readonly metrics: ReadonlyMap<string, number | undefined>;
}

/** All that came of a case. */
export interface Outcome {
  /** One for each step that expects something, and for the end. */
  readonly observed: readonly Observed[];
  readonly records: readonly StreamRecord[];
  readonly costs: Costs | undefined;
  /** Why the configuration was refused. */
  readonly refused: readonly string[] | undefined;
  /** Lines that were logged before the first step; they belong to what is observed first. */
  readonly startLines: number;
  /** The step that could not be taken, and why; none behind it was. */
  readonly stuck?: { readonly place: Place; readonly text: string } | undefined;
}

/** What an expectation looks at, as it is now. */
export function snapshotOf(parts: {
  readonly exchange: Exchange | undefined;
  readonly connection: Connection | undefined;
  readonly requests: readonly Received[];
  readonly fresh: readonly Received[];
  readonly connections: readonly ReceivedBytes[];
  readonly log: readonly LogLine[];
  readonly metrics: ReadonlyMap<string, number | undefined>;
}): Observed {
  const { exchange, connection } = parts;
  return {
    response: exchange && copyOf(exchange.response),
    reset: exchange?.reset ?? false,
    clientPort: exchange?.clientPort,
    received: connection?.received,
    closed: connection?.closed ?? false,
    requests: parts.requests.map((each) => ({ ...each })),
    fresh: parts.fresh.map((each) => ({ ...each })),
    connections: parts.connections.map((each) => ({ ...each })),
    log: parts.log,
    metrics: parts.metrics,
  };
}

function copyOf(response: Response): Response {
  return Object.assign(
    Object.create(Object.getPrototypeOf(response) as object) as Response,
    response,
  );
}

/** Without what belongs to one connection only. */
export function endToEnd(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name !== "connection" && name !== "keep-alive");
}
