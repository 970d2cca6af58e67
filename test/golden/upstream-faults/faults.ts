import type net from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";

/** What an upstream does to a request; the same for Envoy (`record.ts`) and for the tests. */
export interface Fault {
  readonly name: string;
  /** Absent: nobody listens there. */
  readonly behave?: (socket: net.Socket) => void;
  /** More of `Cluster`. */
  readonly cluster?: JsonObject;
  /** No endpoint at all. */
  readonly noHost?: boolean;
  /** The client's bytes; default: a GET. */
  readonly request?: string;
  /** Of the route; the default is long. */
  readonly timeout?: string;
}

type Behaviour = (socket: net.Socket) => void;

const get = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;

/** Does something when the first bytes of the request are there. */
const then =
  (act: Behaviour): Behaviour =>
  (socket) =>
    void socket.once("data", () => act(socket));
const say = (text: string): Behaviour => then((socket) => void socket.write(text, "latin1"));
const sayAndEnd = (text: string): Behaviour => then((socket) => void socket.end(text, "latin1"));
/** The reset comes when the bytes before it have been read: not earlier than the peer's next event. */
const sayAndReset = (text: string): Behaviour =>
  then((socket) => {
    socket.write(text, "latin1", () => setTimeout(() => socket.resetAndDestroy(), 50));
  });

export const faults: readonly Fault[] = [
  { name: "refuses connections" },
  { name: "has no host", noHost: true },
  { name: "resets before the head", behave: then((socket) => void socket.resetAndDestroy()) },
  { name: "ends before the head", behave: sayAndEnd("") },
  { name: "ends inside the head", behave: sayAndEnd("HTTP/1.1 200 OK\r\ncontent-le") },
  { name: "resets inside the head", behave: sayAndReset("HTTP/1.1 200 OK\r\ncontent-le") },
  { name: "answers garbage", behave: say("garbage garbage\r\n\r\n") },
  { name: "answers another protocol", behave: say("SSH-2.0-OpenSSH_9.9\r\n") },
  {
    name: "answers with two lengths",
    behave: say(
      `${head("content-length: 3\r\ntransfer-encoding: chunked\r\n")}3\r\nabc\r\n0\r\n\r\n`,
    ),
  },
  { name: "answers with a bad length", behave: say(`${head("content-length: 3x\r\n")}abc`) },
  {
    name: "answers with a bad chunk",
    behave: say(`${head("transfer-encoding: chunked\r\n")}3\r\nabc\r\nzz\r\n`),
  },
  {
    name: "answers with a head that is too large",
    behave: say(`${head(`x: ${"y".repeat(82_000)}\r\ncontent-length: 3\r\n`)}abc`),
  },
  {
    name: "answers with too many fields",
    behave: say(
      `${head(Array.from({ length: 101 }, (_, i) => `x${i}: y\r\n`).join(""))}content-length: 0\r\n\r\n`,
    ),
  },
  { name: "never answers", behave: () => undefined, timeout: "0.2s" },
  {
    name: "stops inside the body",
    behave: say(`${head("content-length: 10\r\n")}abc`),
    timeout: "0.2s",
  },
  { name: "resets inside the body", behave: sayAndReset(`${head("content-length: 10\r\n")}abc`) },
  { name: "ends inside the body", behave: sayAndEnd(`${head("content-length: 10\r\n")}abc`) },
  {
    name: "ends inside the chunks",
    behave: sayAndEnd(`${head("transfer-encoding: chunked\r\n")}3\r\nabc\r\n`),
  },
  {
    name: "ends a body without length",
    behave: sayAndEnd("HTTP/1.1 200 OK\r\n\r\nabc"),
  },
  { name: "says more than its length", behave: say(`${head("content-length: 3\r\n")}abcdef`) },
  {
    name: "says that it closes",
    behave: say(`${head("connection: close\r\ncontent-length: 3\r\n")}abc`),
  },
  {
    name: "sends a 103 first",
    behave: say(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${head("content-length: 3\r\n")}abc`),
  },
  {
    name: "sends a 100 first",
    behave: say(`HTTP/1.1 100 Continue\r\n\r\n${head("content-length: 3\r\n")}abc`),
  },
  { name: "answers 204", behave: say("HTTP/1.1 204 No Content\r\n\r\n") },
  {
    name: "answers 304 with a length",
    behave: say("HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n"),
  },
  {
    name: "answers HEAD with a length",
    request: "HEAD / HTTP/1.1\r\nhost: h\r\n\r\n",
    behave: say(head("content-length: 10\r\n")),
  },
  {
    name: "answers before the request is whole",
    request: "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nabc",
    behave: say(`${head("content-length: 3\r\n")}abc`),
  },
  {
    name: "answers 500",
    behave: say("HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops"),
  },
  {
    name: "has no room for waiting requests",
    behave: say(`${head("content-length: 3\r\n")}abc`),
    cluster: { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } },
  },
  {
    name: "has no room for requests",
    behave: say(`${head("content-length: 3\r\n")}abc`),
    cluster: { circuit_breakers: { thresholds: [{ max_requests: 0 }] } },
  },
  {
    name: "has no room for connections",
    behave: say(`${head("content-length: 3\r\n")}abc`),
    cluster: { circuit_breakers: { thresholds: [{ max_connections: 0 }] } },
  },
  {
    name: "takes one request per connection",
    behave: say(`${head("content-length: 3\r\n")}abc`),
    cluster: { max_requests_per_connection: 1 },
  },
  {
    name: "answers in HTTP/1.0",
    behave: sayAndEnd("HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc"),
  },
];

export const requestOf = (fault: Fault): string => fault.request ?? get;

/** What is compared, of Envoy and of Sluice. */
export interface FaultOutcome {
  /** As received, with what differs from run to run replaced. */
  readonly response: string;
  readonly code: number;
  readonly flags: string;
  readonly details: string;
  /** `cluster.<name>.`: what is not 0. */
  readonly clusterStats: { readonly [name: string]: number };
  /** The host's lines in `/clusters` that are not 0. */
  readonly hostStats: { readonly [name: string]: number };
}

/** Replaces what differs from run to run, and leaves out what is the connection manager's. */
export function stableResponse(text: string): string {
  return text
    .replace(/\r\ndate: [^\r]*/, "")
    .replace(/(\r\nx-envoy-upstream-service-time: )\d+/, "$1N");
}

/** Values that depend on the lengths of ports and ids, or on when one looks. */
export const isStable = (name: string): boolean => !/_bytes_(total|buffered)$/.test(name);
