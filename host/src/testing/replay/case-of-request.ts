import type {
  RecordedCallback,
  RecordedHostCall,
  RecordedPairs,
  Recording,
} from "../../guest/watch/recording.ts";
import type { JsonMap } from "../suite/suite.ts";
import { content, fieldsOf, freshBytes, logOf, text } from "./recorded-content.ts";
import { calledServersOf } from "./recorded-servers.ts";

/** What came from the client and from servers in a recorded request, and what the module has said and answered. */
export function caseOfRequest(recording: Recording): JsonMap {
  const { callbacks } = recording;
  const calls = callbacks.flatMap((callback) => callback.calls);
  const failed = callbacks.some(({ failure }) => failure !== undefined);
  const local = calls.find(({ name }) => name === "proxy_send_local_response");
  const hasResponse = callbacks.some(({ name }) => name === "proxy_on_response_headers");
  const servers = calledServersOf(recording);
  return {
    request: requestOf(callbacks),
    ...(hasResponse && local === undefined && { upstream: responseOf(callbacks) }),
    ...(Object.keys(servers).length > 0 && { servers }),
    expect: expectationOf(calls, local, failed),
  };
}

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

function expectationOf(
  calls: readonly RecordedHostCall[],
  local: RecordedHostCall | undefined,
  failed: boolean,
): JsonMap {
  const log = logOf(calls);
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

function headersOf(callbacks: readonly RecordedCallback[], name: string): RecordedPairs {
  return callbacks.find((callback) => callback.name === name)?.message?.headers ?? [];
}

function bodyOf(callbacks: readonly RecordedCallback[], name: string): JsonMap {
  const chunks = freshBytes(callbacks, name);
  return chunks.length === 0 ? {} : { chunks: chunks.map(content) };
}

function trailersOf(callbacks: readonly RecordedCallback[], name: string): JsonMap {
  const trailers = headersOf(callbacks, name);
  return trailers.length === 0 ? {} : { trailers: fieldsOf(trailers) };
}
