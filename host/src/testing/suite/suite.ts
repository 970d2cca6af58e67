import type { Place } from "../../config/problem.ts";
import type { Expectation } from "./expectation.ts";
import type { Value } from "./map-reader.ts";
import type { Matcher } from "./matcher.ts";

/** Plain data as JSON has it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

export type JsonMap = { readonly [name: string]: JsonValue };

/** Name and values of headers, in the order of the suite. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A suite that was read: what host/docs/testing.md describes, with the defaults filled in. */
export interface Suite {
  /** As the user named it. */
  readonly file: string;
  /** Folder that files are relative to. */
  readonly folder: string;
  readonly chains: FilterChains;
  readonly settings: Settings;
  readonly cases: readonly TestCase[];
}

/** The filters under test. With network filters there is no HTTP. */
export interface FilterChains {
  readonly http: readonly FilterEntry[];
  readonly network: readonly FilterEntry[];
  readonly listener: readonly FilterEntry[];
  /** Access loggers of the requests. */
  readonly loggers: readonly FilterEntry[];
  /** What runs beside the traffic. */
  readonly services: readonly FilterEntry[];
}

/** All entries, in the order of the fields. */
export function entriesOf(chains: FilterChains): readonly FilterEntry[] {
  const { http, network, listener, loggers, services } = chains;
  return [...http, ...network, ...listener, ...loggers, ...services];
}

/** What a suite sets for all of its cases, and a case for itself. */
export interface Settings {
  /** Where the clock stands at the beginning, in ms since the epoch; undefined: nothing was said. */
  readonly clockMs: number | undefined;
  /** The IP address that requests come from. */
  readonly client: string | undefined;
  /** Fields of the proxy's node. */
  readonly node: Value | undefined;
  /** A list of routes. Both keep their places, for what the proxy says of them. */
  readonly routes: Value | undefined;
  readonly servers: ReadonlyMap<string, ServerScript>;
  /** What requests are sent in; undefined: HTTP/1.1. */
  readonly protocol: Protocol | undefined;
  /** How many workers there are, which take connections in turns; undefined: one. */
  readonly workers: number | undefined;
  readonly budget: Budget;
  /** Something in it is not in Envoy. */
  readonly onlySluice: boolean;
}

export const protocols = ["http1", "http2"] as const;
export type Protocol = (typeof protocols)[number];

/** What a case may cost; undefined: anything. */
export interface Budget {
  readonly instructions?: number | undefined;
  readonly hostCalls?: number | undefined;
  readonly allocations?: number | undefined;
  readonly allocatedBytes?: number | undefined;
}

/** One filter of a chain. */
export type FilterEntry = GuestEntry | NativeEntry;

interface NamedEntry {
  readonly name: string;
  readonly place: Place;
}

/** A Wasm module or a Lua script. */
export interface GuestEntry extends NamedEntry {
  readonly kind: "wasm" | "lua";
  /** Absolute: `.wasm`, `.lua`, or the main `.ts` file of an AssemblyScript filter. */
  readonly file: string;
  /** Text, or fields. */
  readonly configuration: JsonValue | undefined;
  readonly rootId: string;
  readonly vm: VmEntry;
  readonly failurePolicy: string;
  readonly stopIteration: boolean;
}

export interface VmEntry {
  readonly id: string;
  readonly configuration: JsonValue | undefined;
  readonly environment: { readonly [name: string]: string };
  /** Undefined: all. */
  readonly capabilities: readonly string[] | undefined;
}

/** Any other filter that the proxy has. */
export interface NativeEntry extends NamedEntry {
  readonly kind: "native";
  readonly typedConfig: JsonMap;
}

/** Something to be sent. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  /** Each is sent, and has its effects, before the next. */
  readonly chunks: readonly Buffer[];
  readonly trailers: HeaderList | undefined;
  /** The body has a length of its own: it is sent as one. */
  readonly whole: boolean;
  /** More follows by `send`. */
  readonly open: boolean;
}

/** What is sent on a request or connection that is open. */
export interface Send {
  readonly chunks: readonly Buffer[];
  readonly trailers: HeaderList | undefined;
  readonly end: boolean;
}

/** What a server of bytes sends, on the latest connection that it has. */
export interface Reply {
  readonly server: string;
  readonly chunks: readonly Buffer[];
  readonly end: boolean;
}

/** What a fake server does. */
export type ServerScript =
  | { readonly kind: "http"; readonly answers: readonly Answer[] }
  | { readonly kind: "grpc"; readonly answers: readonly GrpcAnswer[] }
  | { readonly kind: "bytes"; readonly echo: boolean; readonly sends: readonly Buffer[] }
  | { readonly kind: "refused" };

/** Which requests an answer is for; undefined: it is used once, in its turn. */
export interface When {
  readonly method: Matcher | undefined;
  readonly path: Matcher | undefined;
  readonly headers: readonly (readonly [name: string, matcher: Matcher])[];
  readonly body: Matcher | undefined;
}

interface AnyAnswer {
  readonly when: When | undefined;
  readonly delayMs: number;
  /** Instead of an answer: the connection is closed, or nothing ever happens. */
  readonly instead: "reset" | "never" | undefined;
}

export interface Answer extends AnyAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly chunks: readonly Buffer[];
  readonly whole: boolean;
  readonly trailers: HeaderList | undefined;
}

export interface GrpcAnswer extends AnyAnswer {
  readonly messages: readonly Buffer[];
  /** `grpc-status` and `grpc-message`. */
  readonly status: number;
  readonly message: string;
  readonly headers: HeaderList;
  readonly trailers: HeaderList;
}

/** One case: steps in a proxy of its own. */
export interface TestCase {
  readonly name: string;
  readonly place: Place;
  readonly settings: Settings;
  /** Instead of what the filters of these names say. */
  readonly configurations: ReadonlyMap<string, JsonValue>;
  readonly steps: readonly Step[];
  /** Only with an expectation of this text: the configuration must be refused. */
  readonly refused: { readonly matcher: Matcher; readonly place: Place } | undefined;
}

export interface Step {
  readonly action: Action;
  readonly place: Place;
  readonly expectation: Expectation | undefined;
}

export type Action =
  | { readonly kind: "request"; readonly request: Request }
  | { readonly kind: "connect"; readonly send: Send | undefined }
  | { readonly kind: "send"; readonly send: Send }
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "close"; readonly reset: boolean }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "look" };
