import { readBody, readContent, readHeaders, type ReadContext } from "./content.ts";
import { readExpectation, type KnownServers } from "./read-expectation.ts";
import { durationOf, jsonOf, listOf, MapReader, type Value } from "./map-reader.ts";
import { readPlaced } from "./read-matcher.ts";
import { readServer } from "./read-servers.ts";
import { readSettings } from "./read-settings.ts";
import {
  type Action,
  entriesOf,
  type FilterChains,
  type JsonValue,
  type Request,
  type Send,
  type ServerScript,
  type Settings,
  type Step,
  type TestCase,
} from "./suite.ts";

/** What cases are read with, besides their text. */
export interface CaseContext extends ReadContext {
  readonly chains: FilterChains;
  /** Of the suite. */
  readonly settings: Settings;
}

interface StepContext extends ReadContext {
  readonly known: KnownServers;
}

export function readCases(value: Value, context: CaseContext): TestCase[] {
  const cases = listOf(value, context.problems).map((each) => readCase(each, context));
  const seen = new Set<string>();
  for (const { name, place } of cases) {
    if (seen.has(name)) context.problems.error(place, `there is a case "${name}" already`);
    seen.add(name);
  }
  return cases;
}

function readCase(value: Value, context: CaseContext): TestCase {
  const reader = new MapReader(value, context.problems);
  const name = reader.text("name");
  if (name === undefined && value.node.kind === "map") reader.error(value, "needs a name");
  const settings = mergeSettings(context, reader);
  const known: KnownServers = {
    names: new Set(settings.servers.keys()),
    bytes: context.chains.network.length > 0,
  };
  const expect = reader.group("expect");
  const refused = readPlaced(expect?.get("refused"), context.problems);
  const steps = readSteps(reader, expect, { ...context, known });
  if (refused === undefined && steps.length === 0 && !reader.has("steps") && name !== undefined) {
    reader.error(value, "does nothing: give a request, or steps");
  }
  if (expect !== undefined && refused !== undefined) checkRefused(reader, expect);
  expect?.end();
  const configurations = readConfigurations(reader.get("configuration"), context);
  reader.end();
  return { name: name ?? "", place: value.place, settings, configurations, steps, refused };
}

const notOfRefused = [
  "response",
  "upstream",
  "calls",
  "connection",
  "log",
  "no_log",
  "metrics",
  "metadata",
  "filter_state",
  "snapshot",
] as const;

/** Nothing else comes of a configuration that is refused. */
function checkRefused(reader: MapReader, expect: MapReader): void {
  for (const name of notOfRefused) {
    const value = expect.get(name);
    if (value === undefined) continue;
    reader.error(value, "can never be met: nothing else comes of a configuration that is refused");
  }
  const steps = reader.get("steps");
  if (steps === undefined) return;
  reader.error(steps, "can never be taken beside refused: there is no proxy then");
}

/** The case's own settings over the suite's; the server `upstream` is always there. */
function mergeSettings(context: CaseContext, reader: MapReader): Settings {
  const own = readSettings(reader, context);
  const { settings } = context;
  const upstream = reader.get("upstream");
  const servers = new Map<string, ServerScript>([
    ["upstream", { kind: "http", answers: [] }],
    ...settings.servers,
    ...own.servers,
  ]);
  if (upstream !== undefined) servers.set("upstream", readServer(upstream, context));
  return {
    clockMs: own.clockMs ?? settings.clockMs,
    client: own.client ?? settings.client,
    node: own.node ?? settings.node,
    routes: own.routes ?? settings.routes,
    servers,
    budget: { ...settings.budget, ...definedOf(own.budget) },
    onlySluice: own.onlySluice || settings.onlySluice,
  };
}

function definedOf<T extends object>(value: T): Partial<T> {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** By name of a filter; where there is only one that takes a configuration, its alone. */
function readConfigurations(
  value: Value | undefined,
  { problems, chains }: CaseContext,
): Map<string, JsonValue> {
  const configurations = new Map<string, JsonValue>();
  if (value === undefined) return configurations;
  const guests = entriesOf(chains).filter(({ kind }) => kind !== "native");
  const names = guests.map(({ name }) => name);
  const fields = new MapReader(value, problems).all();
  for (const field of fields) {
    if (names.includes(field.name)) configurations.set(field.name, jsonOf(field.node));
    else {
      const list = names.join(", ");
      problems.error(field.place, `there is no filter "${field.name}"; there are ${list}`);
    }
  }
  return configurations;
}

function readSteps(reader: MapReader, expect: MapReader | undefined, context: StepContext): Step[] {
  const steps = reader.get("steps");
  const single = readAction(reader, context);
  if (steps === undefined) {
    if (single === undefined) {
      if (expect !== undefined) readExpectation(expect, context.known);
      return [];
    }
    const expectation = expect && readExpectation(expect, context.known);
    return [{ action: single.action, place: single.place, expectation }];
  }
  if (single !== undefined) {
    context.problems.error(single.place, "cannot stand beside steps; make it one of them");
  }
  const list = listOf(steps, context.problems).map((each) => readStep(each, context));
  // A program gives its steps one by one, each read by itself.
  if (list.length > 1) checkOrder(list, context);
  if (expect === undefined) return list;
  const expectation = readExpectation(expect, context.known);
  return [...list, { action: { kind: "look" }, place: expect.place, expectation }];
}

/** More can be sent on what is open only, and what has begun can be closed. */
function checkOrder(steps: readonly Step[], { problems, known }: StepContext): void {
  let isOpen = false;
  let hasBegun = false;
  for (const { action, place } of steps) {
    switch (action.kind) {
      case "request":
        isOpen = action.request.open;
        hasBegun = true;
        break;
      case "connect":
        isOpen = action.send?.end !== true;
        hasBegun = true;
        break;
      case "send":
        if (!isOpen) problems.error(place, nothingOpen(known));
        if (action.send.end) isOpen = false;
        break;
      case "close":
        if (!hasBegun) problems.error(place, "there is nothing to close yet");
        isOpen = false;
        break;
      case "advance":
      case "look":
        break;
    }
  }
}

function nothingOpen({ bytes }: KnownServers): string {
  return bytes
    ? "there is no connection to send on: open one before, by connect: true"
    : "there is no request to send more of: leave one open before, by open: true";
}

function readStep(value: Value, context: StepContext): Step {
  const reader = new MapReader(value, context.problems);
  const read = readAction(reader, context);
  const expect = reader.group("expect");
  const expectation = expect && readExpectation(expect, context.known);
  expect?.end();
  if (read === undefined && expect === undefined && value.node.kind === "map") {
    reader.error(value, `does nothing: give one of ${actionNames.join(", ")}, or expect`);
  }
  reader.end();
  return { action: read?.action ?? { kind: "look" }, place: value.place, expectation };
}

const actionNames = ["request", "connection", "connect", "send", "close", "advance"] as const;

function readAction(
  reader: MapReader,
  context: StepContext,
): { readonly action: Action; readonly place: Step["place"] } | undefined {
  const given = actionNames.flatMap((name) => {
    const value = reader.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
  const [first, second] = given;
  if (second !== undefined) {
    reader.error(second.value, `cannot stand beside ${first!.name}: make it a step of its own`);
  }
  if (first === undefined) return undefined;
  return { action: actionOf(first.name, first.value, context), place: first.value.place };
}

function actionOf(name: (typeof actionNames)[number], value: Value, context: StepContext): Action {
  const { bytes } = context.known;
  const { problems } = context;
  const ofBytes = name === "connect" || name === "connection";
  if (bytes && name === "request") {
    problems.error(
      value.place,
      "network filters have no requests: use connection, connect or send",
    );
  }
  if (!bytes && ofBytes) problems.error(value.place, "is for suites with network_filters");
  switch (name) {
    case "request":
      return { kind: "request", request: readRequest(value, context) };
    case "connection":
      return { kind: "connect", send: readBytes(value, context) };
    case "connect":
      mustBeTrue(value, context);
      return { kind: "connect", send: undefined };
    case "send":
      return {
        kind: "send",
        send: bytes ? readBytesSend(value, context) : readSend(value, context),
      };
    case "close":
      mustBeTrue(value, context);
      return { kind: "close" };
    case "advance":
      return { kind: "advance", ms: durationOf(value, problems) };
  }
}

function mustBeTrue(value: Value, { problems }: ReadContext): void {
  if (value.node.kind === "scalar" && value.node.value === true) return;
  problems.error(value.place, "must be true, or not be there");
}

function readRequest(value: Value, context: ReadContext): Request {
  const reader = new MapReader(value, context.problems);
  const body = readBody(reader, context);
  const open = reader.flag("open");
  const trailers = reader.get("trailers");
  const method = reader.text("method") ?? (body.chunks.length > 0 || open ? "POST" : "GET");
  const path = reader.text("path") ?? "/";
  checkWord(reader, "method", method);
  checkWord(reader, "path", path);
  if (open && trailers !== undefined) {
    reader.error(trailers, "end a request that is left open; give them to the last send");
  }
  const request: Request = {
    method,
    path,
    headers: readHeaders(reader.get("headers"), context),
    ...body,
    trailers: trailers && readHeaders(trailers, context),
    open,
  };
  reader.end();
  return request;
}

function checkWord(reader: MapReader, name: string, text: string): void {
  if (text !== "" && !/[\s\0]/.test(text)) return;
  reader.error(reader.get(name)!, "must be one word; encode blanks as %20");
}

function readSend(value: Value, context: ReadContext): Send {
  const reader = new MapReader(value, context.problems);
  const { chunks } = readBody(reader, context);
  const trailers = reader.get("trailers");
  const send: Send = {
    chunks,
    trailers: trailers && readHeaders(trailers, context),
    end: reader.flag("end") || trailers !== undefined,
  };
  reader.end();
  return send;
}

/** `send: bytes`, or a list of them, on an open connection. */
function readBytesSend(value: Value, context: ReadContext): Send {
  return { chunks: pieces(value, context), trailers: undefined, end: false };
}

function pieces(value: Value, context: ReadContext): Buffer[] {
  const values = value.node.kind === "list" ? listOf(value, context.problems) : [value];
  return values.map((each) => readContent(each, context));
}

/** `connection: { send, end }` */
function readBytes(value: Value, context: ReadContext): Send {
  const reader = new MapReader(value, context.problems);
  const send = reader.get("send");
  const bytes: Send = {
    chunks: send === undefined ? [] : pieces(send, context),
    trailers: undefined,
    end: reader.flag("end"),
  };
  reader.end();
  return bytes;
}
