import type { ProblemList } from "../../config/problem.ts";
import type {
  CallExpectation,
  ConnectionExpectation,
  Expectation,
  LogExpectation,
  MetricExpectation,
  ReceivedExpectation,
  RequestExpectation,
  ResponseExpectation,
  StateExpectation,
} from "./expectation.ts";
import { jsonOf, MapReader, textOf, type Value } from "./map-reader.ts";
import { readHeaderExpectations, readMatcher, readPlaced } from "./read-matcher.ts";

const logLevels = ["trace", "debug", "info", "warn", "error", "critical"];

/** What the case knows of its servers, to find expectations that can never be met. */
export interface KnownServers {
  readonly names: ReadonlySet<string>;
  /** The suite has network filters. */
  readonly bytes: boolean;
}

/** Reads the fields of `expect`, without `refused`. */
export function readExpectation(reader: MapReader, known: KnownServers): Expectation {
  const { problems } = reader;
  const upstream = reader.get("upstream");
  const calls = reader.get("calls");
  const response = reader.get("response");
  const connection = reader.get("connection");
  if (known.bytes && response !== undefined) {
    reader.error(response, "can never come: network filters have no responses; expect connection");
  }
  if (!known.bytes && connection !== undefined) {
    reader.error(connection, "is for suites with network_filters; expect response here");
  }
  return {
    place: reader.place,
    response: response && readResponse(response, problems),
    upstream: upstream && readUpstream(upstream, known, problems),
    upstreamPlace: upstream?.place ?? reader.place,
    connection: connection && readConnection(connection, problems),
    calls: reader.list("calls")?.flatMap((each) => readCall(each, known, problems) ?? []),
    callsPlace: calls?.place ?? reader.place,
    log: readLog(reader.list("log"), problems),
    noLog: readLog(reader.list("no_log"), problems),
    metrics: readMetrics(reader.get("metrics"), problems),
    metadata: readStates(reader.get("metadata"), problems, true),
    filterState: readStates(reader.get("filter_state"), problems, false),
    snapshot: reader.flag("snapshot"),
  };
}

function readResponse(value: Value, problems: ProblemList): ResponseExpectation {
  const { node, place } = value;
  if (node.kind === "scalar" && (node.text === "pending" || node.text === "reset")) {
    return { kind: node.text, place };
  }
  const reader = new MapReader(value, problems);
  const status = reader.get("status");
  if (status?.node.kind === "scalar") checkStatus(reader, status);
  const response: ResponseExpectation = {
    kind: "whole",
    place,
    status: readPlaced(status, problems),
    headers: readHeaderExpectations(reader.get("headers"), problems),
    body: readPlaced(reader.get("body"), problems),
    trailers: readHeaderExpectations(reader.get("trailers"), problems),
    details: readPlaced(reader.get("details"), problems),
    flags: readPlaced(reader.get("flags"), problems),
  };
  reader.end();
  return response;
}

function checkStatus(reader: MapReader, status: Value): void {
  const number = status.node.kind === "scalar" ? status.node.value : undefined;
  if (typeof number === "number" && number >= 200 && number <= 599) return;
  reader.error(status, "can never be met: the status of a response is a number from 200 to 599");
}

function readUpstream(
  value: Value,
  known: KnownServers,
  problems: ProblemList,
): Expectation["upstream"] {
  if (value.node.kind === "scalar" && value.node.text === "none") return "none";
  const reader = new MapReader(value, problems);
  if (reader.has("received")) {
    const received = readPlaced(reader.get("received"), problems)!;
    reader.end();
    const expectation: ReceivedExpectation = { kind: "received", place: value.place, received };
    return expectation;
  }
  if (known.bytes) reader.error(value, "expect what it received, or none");
  const request = readRequest(reader);
  reader.end();
  return request;
}

function readRequest(reader: MapReader): RequestExpectation {
  const { problems } = reader;
  const messages = reader.list("messages");
  return {
    kind: "request",
    place: reader.place,
    method: readPlaced(reader.get("method"), problems),
    path: readPlaced(reader.get("path"), problems),
    headers: readHeaderExpectations(reader.get("headers"), problems),
    body: readPlaced(reader.get("body"), problems),
    trailers: readHeaderExpectations(reader.get("trailers"), problems),
    messages: messages?.map((each) => readPlaced(each, problems)!),
  };
}

function readCall(
  value: Value,
  known: KnownServers,
  problems: ProblemList,
): CallExpectation | undefined {
  const reader = new MapReader(value, problems);
  const server = reader.get("server");
  if (server === undefined) {
    reader.error(value, "needs the server that is called");
    return undefined;
  }
  const name = textOf(server, problems);
  if (!known.names.has(name)) {
    const names = [...known.names].join(", ");
    reader.error(server, `can never be met: there is no server "${name}"; there are ${names}`);
  }
  const call = { ...readRequest(reader), server: name };
  reader.end();
  return call;
}

function readConnection(value: Value, problems: ProblemList): ConnectionExpectation {
  const reader = new MapReader(value, problems);
  const closed = reader.get("closed");
  const expectation: ConnectionExpectation = {
    place: value.place,
    received: readPlaced(reader.get("received"), problems),
    closed: closed && { value: reader.flag("closed"), place: closed.place },
  };
  reader.end();
  return expectation;
}

function readLog(values: readonly Value[] | undefined, problems: ProblemList): LogExpectation[] {
  return (values ?? []).map((value) => {
    const { node, place } = value;
    if (node.kind !== "map" || node.entries.size !== 1) {
      return { level: undefined, matcher: containing(value, problems), place };
    }
    const [name, entry] = [...node.entries][0]!;
    if (!logLevels.includes(name)) {
      return { level: undefined, matcher: containing(value, problems), place };
    }
    const inner = { node: entry.value, path: `${value.path}.${name}`, place };
    return { level: name, matcher: containing(inner, problems), place };
  });
}

/** A line has more around what a guest says, so that a text need not be all of it. */
function containing(value: Value, problems: ProblemList): LogExpectation["matcher"] {
  const matcher = readMatcher(value, problems);
  return matcher.kind === "equals" ? { ...matcher, kind: "contains" } : matcher;
}

function readMetrics(value: Value | undefined, problems: ProblemList): MetricExpectation[] {
  if (value === undefined) return [];
  return new MapReader(value, problems).all().map(({ name, ...field }) => {
    const { place } = field;
    const bounds = readBounds(field, problems);
    if (bounds.min !== undefined && bounds.max !== undefined && bounds.min > bounds.max) {
      problems.error(place, `can never be met: min ${bounds.min} is more than max ${bounds.max}`);
    }
    return { name, place, ...bounds };
  });
}

function readBounds(field: Value, problems: ProblemList): Pick<MetricExpectation, "min" | "max"> {
  const { node } = field;
  if (node.kind === "scalar" && typeof node.value === "number") {
    return { min: node.value, max: node.value };
  }
  if (node.kind === "scalar" && node.value === null) return { min: undefined, max: undefined };
  const reader = new MapReader(field, problems);
  const [least, most] = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const min = reader.whole("min", least, most) ?? least;
  const max = reader.whole("max", least, most) ?? most;
  reader.end();
  return { min, max };
}

/** Values by name; `nested`: by namespace first. Texts may be expectations. */
function readStates(
  value: Value | undefined,
  problems: ProblemList,
  nested: boolean,
): StateExpectation[] {
  if (value === undefined) return [];
  return new MapReader(value, problems).all().map(({ name, ...field }) => ({
    name,
    place: field.place,
    value: jsonOf(field.node),
    matcher: nested ? undefined : readMatcher(field, problems),
  }));
}
