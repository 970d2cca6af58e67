import { stringify } from "yaml";
import type {
  RecordedCallback,
  RecordedHostCall,
  RecordedPairs,
  Recording,
} from "../../guest/watch/recording.ts";
import { readGrpcService } from "../../guest/wasm/proxy-wasm/grpc-service.ts";
import { knownCapabilities } from "../suite/read-filters.ts";
import type { JsonMap, JsonValue } from "../suite/suite.ts";

/** A suite with a case for each recording: what came from both sides, and what the module has said and answered. */
export function suiteOf(recordings: readonly Recording[], file: string | undefined): string {
  const [first] = recordings;
  const { plugin } = first!;
  const suite: JsonMap = {
    filters: [
      {
        name: plugin.name,
        file: file ?? plugin.file ?? "filter.wasm",
        ...(plugin.configuration !== "" && { configuration: plugin.configuration }),
        ...(plugin.rootId !== "" && { root_id: plugin.rootId }),
        ...vmOf(first!),
      },
    ],
    cases: recordings.map((recording, i) => caseOf(recording, i)),
  };
  const note =
    first!.redacted.length === 0
      ? ""
      : `# Values of ${first!.redacted.join(", ")} were left out.\n`;
  return `${note}${stringify(suite, { lineWidth: 120, defaultStringType: "PLAIN" })}`;
}

function vmOf({ plugin }: Recording): JsonMap {
  const vm: JsonMap = {
    ...(plugin.vmId !== "" && { id: plugin.vmId }),
    ...(plugin.vmConfiguration !== "" && { configuration: plugin.vmConfiguration }),
    ...(plugin.environment.length > 0 && { environment: Object.fromEntries(plugin.environment) }),
    ...(plugin.allowedCapabilities !== undefined && {
      // A proxy takes names that nothing has.
      capabilities: plugin.allowedCapabilities.filter((name) => knownCapabilities.has(name)),
    }),
  };
  return Object.keys(vm).length === 0 ? {} : { vm };
}

function caseOf(recording: Recording, index: number): JsonMap {
  const { callbacks, begun } = recording;
  const calls = callbacks.flatMap((callback) => callback.calls);
  const failed = callbacks.some(({ failure }) => failure !== undefined);
  const local = calls.find(({ name }) => name === "proxy_send_local_response");
  const hasResponse = callbacks.some(({ name }) => name === "proxy_on_response_headers");
  return {
    name: `recorded ${begun}${index === 0 ? "" : ` (${index + 1})`}`,
    clock: `${begun.slice(0, 19)}Z`,
    request: requestOf(callbacks),
    ...(hasResponse && local === undefined && { upstream: responseOf(callbacks) }),
    ...serversOf(recording),
    expect: expectationOf(calls, local, failed),
  };
}

/** Headers that the proxy makes. */
const made = new Set([
  "x-forwarded-proto",
  "x-request-id",
  "x-forwarded-for",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-upstream-service-time",
  "transfer-encoding",
]);

function requestOf(callbacks: readonly RecordedCallback[]): JsonMap {
  const headers = headersOf(callbacks, "proxy_on_request_headers");
  const pseudo = (name: string): string | undefined => headers.find(([each]) => each === name)?.[1];
  const host = pseudo(":authority");
  return {
    method: pseudo(":method") ?? "GET",
    path: pseudo(":path") ?? "/",
    headers: { ...(host !== undefined && { host: text(host) }), ...fieldsOf(headers) },
    ...bodyOf(callbacks, "proxy_on_request_body"),
    ...trailersOf(callbacks, "proxy_on_request_trailers"),
  };
}

function responseOf(callbacks: readonly RecordedCallback[]): JsonMap {
  const headers = headersOf(callbacks, "proxy_on_response_headers");
  return {
    status: Number(headers.find(([name]) => name === ":status")?.[1] ?? 200),
    headers: fieldsOf(headers),
    ...bodyOf(callbacks, "proxy_on_response_body"),
    ...trailersOf(callbacks, "proxy_on_response_trailers"),
  };
}

function serversOf(recording: Recording): JsonMap {
  const servers = { ...grpcServersOf(recording), ...httpServersOf(recording) };
  return Object.keys(servers).length === 0 ? {} : { servers };
}

type GrpcAnswer = { readonly messages: JsonValue[]; status: number };

/** Answers of the clusters that were called over gRPC, in the order of the calls. */
function grpcServersOf({ callbacks }: Recording): JsonMap {
  const calls = new Map<number, GrpcAnswer>();
  const servers: Record<string, { readonly grpc: JsonValue[] }> = {};
  for (const { name: callback, args, message, calls: made } of callbacks) {
    const call = calls.get(args[1] ?? 0);
    if (callback === "proxy_on_grpc_receive") call?.messages.push(content(message?.body ?? ""));
    if (callback === "proxy_on_grpc_close" && call !== undefined) call.status = args[2] ?? 0;
    for (const { name, inputs, outputs, status } of made) {
      if (!/^proxy_grpc_(call|stream)$/.test(name) || status !== 0) continue;
      const answer: GrpcAnswer = { messages: [], status: 0 };
      calls.set(Number(outputs[0]), answer);
      (servers[clusterOf(String(inputs[0]))] ??= { grpc: [] }).grpc.push(answer);
    }
  }
  return servers;
}

/** Of a gRPC service: guests give a message, or no more than the cluster's name. */
function clusterOf(service: string): string {
  const read = readGrpcService(Buffer.from(service, "latin1"));
  return typeof read === "object" ? read.cluster : text(service);
}

/** Answers of the clusters that were called over HTTP, in the order of the answers. */
function httpServersOf({ callbacks }: Recording): JsonMap {
  const clusters = new Map<number, string>();
  const servers: Record<string, JsonValue[]> = {};
  for (const callback of callbacks) {
    for (const { name, inputs, outputs } of callback.calls) {
      if (name === "proxy_http_call") clusters.set(Number(outputs[0] ?? 0), String(inputs[0]));
    }
    if (callback.name !== "proxy_on_http_call_response") continue;
    const cluster = clusters.get(callback.args[1] ?? 0);
    if (cluster !== undefined) (servers[cluster] ??= []).push(answerOf(callback));
  }
  return servers;
}

/** A call that has failed has no headers. */
function answerOf({ message }: RecordedCallback): JsonMap {
  const headers = message?.headers ?? [];
  const status = headers.find(([name]) => name === ":status")?.[1];
  if (status === undefined) return { reset: true };
  const body = message?.body ?? "";
  return {
    status: Number(status),
    headers: fieldsOf(headers),
    ...(body !== "" && { body: content(body) }),
  };
}

function expectationOf(
  calls: readonly RecordedHostCall[],
  local: RecordedHostCall | undefined,
  failed: boolean,
): JsonMap {
  const log = calls.flatMap(({ name, inputs }) =>
    name === "proxy_log" ? [{ [levels[Number(inputs[0])] ?? "info"]: String(inputs[1]) }] : [],
  );
  const body = local === undefined ? "" : String(local.inputs[2]);
  return {
    ...(local !== undefined && {
      response: { status: Number(local.inputs[0]), ...(body !== "" && { body: content(body) }) },
    }),
    ...(failed && { response: { status: 503 } }),
    ...(log.length > 0 && { log }),
    snapshot: true,
  };
}

const levels = ["trace", "debug", "info", "warn", "error", "critical"];

function headersOf(callbacks: readonly RecordedCallback[], name: string): RecordedPairs {
  return callbacks.find((callback) => callback.name === name)?.message?.headers ?? [];
}

function fieldsOf(headers: RecordedPairs): JsonMap {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (name.startsWith(":") || made.has(name)) continue;
    const before = fields[name];
    if (before === undefined) fields[name] = text(value);
    else fields[name] = [...(typeof before === "string" ? [before] : before), text(value)];
  }
  return fields;
}

/**
 * What each callback has brought. A body that is held back is shown again with what follows: only what is new counts.
 */
function bodyOf(callbacks: readonly RecordedCallback[], name: string): JsonMap {
  const chunks: string[] = [];
  let held = "";
  for (const callback of callbacks) {
    if (callback.name !== name) continue;
    const body = callback.message?.body ?? "";
    const fresh = held !== "" && body.startsWith(held) ? body.slice(held.length) : body;
    if (fresh !== "") chunks.push(fresh);
    held = callback.result === 0 ? "" : body;
  }
  return chunks.length === 0 ? {} : { chunks: chunks.map(content) };
}

function trailersOf(callbacks: readonly RecordedCallback[], name: string): JsonMap {
  const trailers = headersOf(callbacks, name);
  return trailers.length === 0 ? {} : { trailers: fieldsOf(trailers) };
}

/** As text where it is one. */
function content(latin1: string): JsonValue {
  const bytes = Buffer.from(latin1, "latin1");
  const utf8 = bytes.toString();
  return Buffer.from(utf8).equals(bytes) ? utf8 : { base64: bytes.toString("base64") };
}

function text(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString();
}
