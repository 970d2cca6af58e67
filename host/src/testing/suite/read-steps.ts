import { readBody, readContent, readHeaders, type ReadContext } from "./content.ts";
import { readExpectation, type KnownServers } from "./read-expectation.ts";
import { durationOf, listOf, MapReader, type Value } from "./map-reader.ts";
import type { Action, Reply, Request, Send, Step } from "./suite.ts";

/** What steps are read with, besides their text. */
export interface StepContext extends ReadContext {
  readonly known: KnownServers;
}

/** What a case does. What it expects at its end holds after its last step. */
export function readSteps(
  reader: MapReader,
  expect: MapReader | undefined,
  context: StepContext,
): Step[] {
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
  if (context.fromProgram !== true) {
    if (list.length === 0 && steps.node.kind === "list") {
      context.problems.error(steps.place, `has no step: give one of ${actionNames.join(", ")}`);
    }
    checkOrder(list, context);
  }
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
      case "reply":
        if (!hasBegun)
          problems.error(place, "there is no connection yet: open one by connect: true");
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

const actionNames = [
  "request",
  "connection",
  "connect",
  "send",
  "reply",
  "close",
  "advance",
] as const;

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
  const ofBytes = name === "connect" || name === "connection" || name === "reply";
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
    case "reply":
      return { kind: "reply", reply: readReply(value, context) };
    case "close":
      return { kind: "close", reset: readClose(value, context) };
    case "advance":
      return { kind: "advance", ms: durationOf(value, problems) };
  }
}

function mustBeTrue(value: Value, { problems }: ReadContext): void {
  if (value.node.kind === "scalar" && value.node.value === true) return;
  problems.error(value.place, "must be true, or not be there");
}

/** `close: true`, or `close: reset`; whether it is by RST. */
function readClose(value: Value, context: ReadContext): boolean {
  const { node, place } = value;
  if (node.kind === "scalar" && node.text === "reset") return true;
  if (node.kind !== "scalar" || node.value !== true) {
    context.problems.error(place, "must be true, or reset, or not be there");
  }
  return false;
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

const replyFields: readonly string[] = ["server", "send", "end"];

/** `reply: bytes`, a list of them, or `reply: { server, send, end }` */
function readReply(value: Value, context: StepContext): Reply {
  const fields = value.node.kind === "map" ? [...value.node.entries.keys()] : [];
  if (!fields.some((name) => replyFields.includes(name))) {
    return { server: "upstream", chunks: pieces(value, context), end: false };
  }
  const reader = new MapReader(value, context.problems);
  const server = reader.text("server") ?? "upstream";
  const send = reader.get("send");
  const reply = { server, chunks: send ? pieces(send, context) : [], end: reader.flag("end") };
  if (!context.known.names.has(server)) {
    const list = [...context.known.names].join(", ");
    reader.error(reader.get("server")!, `there is no server "${server}"; there are ${list}`);
  }
  reader.end();
  return reply;
}
