import type { Place } from "../../config/problem.ts";
import type { JsonValue } from "./suite.ts";
import type { Matcher } from "./matcher.ts";

/** A matcher, and where the suite has it. */
export interface Placed {
  readonly matcher: Matcher;
  readonly place: Place;
}

/** A header that must have this value, or these. */
export interface HeaderExpectation {
  readonly name: string;
  /** One per value, in order; one alone stands for all values of the name, joined by commas. */
  readonly values: readonly Placed[];
  readonly isList: boolean;
}

/** What must have come of the steps since the last expectation. */
export interface Expectation {
  readonly place: Place;
  readonly response: ResponseExpectation | undefined;
  readonly upstream: RequestExpectation | ReceivedExpectation | "none" | undefined;
  /** Where `upstream: none` stands. */
  readonly upstreamPlace: Place;
  readonly connection: ConnectionExpectation | undefined;
  readonly calls: readonly CallExpectation[] | undefined;
  readonly callsPlace: Place;
  readonly log: readonly LogExpectation[];
  readonly noLog: readonly LogExpectation[];
  readonly metrics: readonly MetricExpectation[];
  readonly metadata: readonly StateExpectation[];
  readonly filterState: readonly StateExpectation[];
  readonly snapshot: boolean;
}

export type ResponseExpectation =
  | { readonly kind: "pending"; readonly place: Place }
  | { readonly kind: "reset"; readonly place: Place }
  | {
      readonly kind: "whole";
      readonly place: Place;
      readonly status: Placed | undefined;
      readonly headers: readonly HeaderExpectation[];
      readonly body: Placed | undefined;
      readonly trailers: readonly HeaderExpectation[];
      readonly details: Placed | undefined;
      readonly flags: Placed | undefined;
    };

/** What a server must have been asked. */
export interface RequestExpectation {
  readonly kind: "request";
  readonly place: Place;
  readonly method: Placed | undefined;
  readonly path: Placed | undefined;
  readonly headers: readonly HeaderExpectation[];
  readonly body: Placed | undefined;
  readonly trailers: readonly HeaderExpectation[];
  /** Of gRPC calls. */
  readonly messages: readonly Placed[] | undefined;
}

/** What a server of bytes must have received. */
export interface ReceivedExpectation {
  readonly kind: "received";
  readonly place: Place;
  readonly received: Placed;
}

export interface CallExpectation extends RequestExpectation {
  readonly server: string;
}

export interface ConnectionExpectation {
  readonly place: Place;
  readonly received: Placed | undefined;
  readonly closed: { readonly value: boolean; readonly place: Place } | undefined;
}

export interface LogExpectation extends Placed {
  /** Undefined: any. */
  readonly level: string | undefined;
}

export interface MetricExpectation {
  readonly name: string;
  readonly place: Place;
  /** Undefined on both sides: it must not exist. */
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** A value by its path: namespace and keys, or the name of a filter state. */
export interface StateExpectation {
  readonly name: string;
  readonly place: Place;
  readonly value: JsonValue;
  readonly matcher: Matcher | undefined;
}
