import type { Duplex } from "node:stream";
import type { Received, ReceivedBytes } from "../servers/received.ts";
import type { JsonValue } from "../suite/suite.ts";

/** A line that a guest or the proxy has logged. */
export interface LogLine {
  readonly level: string;
  readonly component: string;
  readonly text: string;
}

/** What the proxy knows of a request when it is over. */
export interface StreamRecord {
  /** The client's port tells which connection it was on. */
  readonly clientPort: number;
  readonly details: string;
  readonly flags: string;
  readonly metadata: { readonly [namespace: string]: JsonValue };
  readonly filterState: { readonly [name: string]: string };
}

/** What guests took, by what host/docs/testing.md calls it. */
export interface Costs {
  readonly instructions: number;
  readonly hostCalls: number;
  readonly allocations: number;
  readonly allocatedBytes: number;
}

/** The client's end of a connection to the proxy. */
export interface ClientSocket extends Duplex {
  /** Of the client. */
  readonly clientPort: number;
  /** Closes with RST. */
  resetAndDestroy(): void;
}

/** A proxy with the filters of a suite, for one case. */
export interface Proxy {
  /** What servers have got so far. */
  readonly requests: readonly Received[];
  readonly connections: readonly ReceivedBytes[];
  connect(): Promise<ClientSocket>;
  /**
   * Resolves when nothing happens any more without the clock, or `condition` holds. The proxy of this process looks
   * at what happens; another one gets some time.
   */
  settle(condition: () => boolean): Promise<void>;
  /** As `settle`; while the condition does not hold, the clock moves on. */
  waitFor(condition: () => boolean): Promise<void>;
  advance(ms: number): Promise<void>;
  /** Lines so far. */
  log(): readonly LogLine[];
  /** The value of a counter or gauge, the count of a histogram; undefined: there is none. */
  metric(name: string): Promise<number | undefined>;
  /** Of the traffic, without the start; undefined where nothing counts. */
  costs(): Costs | undefined;
  /** Ends the proxy, and gives what it knows of requests. */
  close(): Promise<readonly StreamRecord[]>;
}

/** A proxy that did not start. */
export interface Refusal {
  /** What is wrong, one line for each problem. */
  readonly problems: readonly string[];
}

export function isRefusal(started: Proxy | Refusal): started is Refusal {
  return "problems" in started;
}
