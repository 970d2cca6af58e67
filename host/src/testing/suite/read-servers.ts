import { readBody, readContent, readHeaders, type ReadContext } from "./content.ts";
import { listOf, MapReader, type Value } from "./map-reader.ts";
import { readMatcher } from "./read-matcher.ts";
import type { Answer, GrpcAnswer, ServerScript, When } from "./suite.ts";

/** Servers by the name of their cluster. */
export function readServers(
  value: Value | undefined,
  context: ReadContext,
): Map<string, ServerScript> {
  const servers = new Map<string, ServerScript>();
  if (value === undefined) return servers;
  for (const entry of new MapReader(value, context.problems).all()) {
    servers.set(entry.name, readServer(entry, context));
  }
  return servers;
}

/** One answer, a list of answers, a gRPC service, or a server of bytes. */
export function readServer(value: Value, context: ReadContext): ServerScript {
  if (value.node.kind === "list") {
    const answers = listOf(value, context.problems).map((each) => readAnswer(each, context));
    return { kind: "http", answers };
  }
  const reader = new MapReader(value, context.problems);
  if (reader.has("grpc")) return readGrpc(reader, context);
  if (reader.has("echo") || reader.has("sends")) return readBytesServer(reader, context);
  if (!reader.has("refused")) return { kind: "http", answers: [readAnswer(value, context)] };
  const isRefused = reader.flag("refused");
  reader.end();
  return isRefused ? { kind: "refused" } : { kind: "http", answers: [] };
}

function readGrpc(reader: MapReader, context: ReadContext): ServerScript {
  const value = reader.get("grpc")!;
  reader.end();
  const entries = value.node.kind === "list" ? listOf(value, context.problems) : [value];
  return { kind: "grpc", answers: entries.map((each) => readGrpcAnswer(each, context)) };
}

function readBytesServer(reader: MapReader, context: ReadContext): ServerScript {
  const echo = reader.flag("echo");
  const sends = reader.list("sends")?.map((each) => readContent(each, context)) ?? [];
  reader.end();
  return { kind: "bytes", echo, sends };
}

function readAnswer(value: Value, context: ReadContext): Answer {
  const reader = new MapReader(value, context.problems);
  const answer: Answer = {
    ...readAnyAnswer(reader, context),
    status: reader.whole("status", 100, 599) ?? 200,
    headers: readHeaders(reader.get("headers"), context),
    ...readBody(reader, context),
    trailers: trailersOf(reader, context),
  };
  reader.end(["when"]);
  return answer;
}

function readGrpcAnswer(value: Value, context: ReadContext): GrpcAnswer {
  const reader = new MapReader(value, context.problems);
  const answer: GrpcAnswer = {
    ...readAnyAnswer(reader, context),
    messages: reader.list("messages")?.map((each) => readContent(each, context)) ?? [],
    status: reader.whole("status", 0, 16) ?? 0,
    message: reader.text("message") ?? "",
    headers: readHeaders(reader.get("headers"), context),
    trailers: readHeaders(reader.get("trailers"), context),
  };
  reader.end();
  return answer;
}

function readAnyAnswer(
  reader: MapReader,
  context: ReadContext,
): Pick<Answer, "when" | "delayMs" | "instead"> {
  const when = reader.get("when");
  const reset = reader.flag("reset");
  const never = reader.flag("never");
  if (reset && never) reader.error(reader, "is reset or never answers, not both");
  return {
    when: when && readWhen(when, context),
    delayMs: reader.duration("delay") ?? 0,
    instead: reset ? "reset" : never ? "never" : undefined,
  };
}

function readWhen(value: Value, { problems }: ReadContext): When {
  const reader = new MapReader(value, problems);
  const matcher = (name: string): When["path"] => {
    const field = reader.get(name);
    return field && readMatcher(field, problems);
  };
  const headers = reader.group("headers")?.all() ?? [];
  const when: When = {
    method: matcher("method"),
    path: matcher("path"),
    headers: headers.map((each) => [each.name.toLowerCase(), readMatcher(each, problems)]),
    body: matcher("body"),
  };
  reader.end();
  return when;
}

function trailersOf(reader: MapReader, context: ReadContext): Answer["trailers"] {
  const value = reader.get("trailers");
  return value && readHeaders(value, context);
}
