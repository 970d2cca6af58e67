import type { AttributeName } from "@sluice/abi";
import type { HeaderMap } from "../../../../contracts/headers.ts";
import type { StreamInfo } from "../../../../contracts/stream-info.ts";
import { duration, filled, HeadersValue, integer, Nanoseconds, type Value } from "./value.ts";

/** A request as the running callback sees it; its headers are not always there. */
export interface RequestView {
  readonly stream: StreamInfo;
  readonly headers: HeaderMap | undefined;
}

/** A response as the running callback sees it. */
export interface ResponseView extends RequestView {
  readonly trailers: HeaderMap | undefined;
}

type Get<View> = (view: View) => Value | undefined;

const header =
  (name: string): Get<RequestView> =>
  ({ headers }) =>
    headers?.get(name);

/** `request.*` */
export const requestAttributes: Readonly<Record<AttributeName<"request">, Get<RequestView>>> = {
  path: header(":path"),
  url_path: ({ headers }) => splitPath(headers)?.path,
  query: ({ headers }) => splitPath(headers)?.query,
  host: header(":authority"),
  scheme: header(":scheme"),
  method: header(":method"),
  headers: ({ headers }) => new HeadersValue(headers),
  referer: header("referer"),
  useragent: header("user-agent"),
  id: header("x-request-id"),
  time: ({ stream }) => new Nanoseconds("timestamp", stream.startTimeSystemMs),
  protocol: ({ stream }) => filled(stream.protocol),
  size: ({ stream, headers }) => {
    const length = headers?.get("content-length");
    if (length === undefined) return integer(stream.bytesReceived);
    return /^\d{1,15}$/.test(length) ? integer(Number(length)) : undefined;
  },
  total_size: ({ stream, headers }) => integer(stream.bytesReceived + bytesOf(headers)),
  headers_bytes: ({ headers }) => integer(bytesOf(headers)),
  duration: ({ stream }) =>
    stream.endTimeMs > 0 ? duration(stream.endTimeMs - stream.startTimeMs) : undefined,
};

/** `response.*` */
export const responseAttributes: Readonly<Record<AttributeName<"response">, Get<ResponseView>>> = {
  code: (view) => integer(codeOf(view)),
  // A reply without details has empty ones.
  code_details: (view) =>
    codeOf(view) === undefined
      ? filled(view.stream.responseCodeDetails)
      : view.stream.responseCodeDetails,
  flags: ({ stream }) => integer(stream.responseFlags),
  grpc_status: (view) => {
    const text = view.trailers?.get("grpc-status") ?? view.headers?.get("grpc-status");
    if (text !== undefined && /^\d{1,9}$/.test(text)) return integer(Number(text));
    return integer(grpcStatusOf(codeOf(view)));
  },
  headers: ({ headers }) => new HeadersValue(headers),
  trailers: ({ trailers }) => new HeadersValue(trailers),
  size: ({ stream }) => integer(stream.bytesSent),
  total_size: ({ stream, headers, trailers }) =>
    integer(stream.bytesSent + bytesOf(headers) + bytesOf(trailers)),
  backend_latency: ({ stream: { upstreamInfo } }) => {
    if (upstreamInfo === undefined) return undefined;
    const { firstTxByteMs, lastRxByteMs } = upstreamInfo;
    return firstTxByteMs > 0 && lastRxByteMs > 0
      ? duration(lastRxByteMs - firstTxByteMs)
      : undefined;
  },
};

function bytesOf(headers: HeaderMap | undefined): number {
  return headers?.byteSize ?? 0;
}

function splitPath(headers: HeaderMap | undefined): { path: string; query: string } | undefined {
  const whole = headers?.get(":path");
  if (whole === undefined) return undefined;
  const mark = whole.indexOf("?");
  if (mark < 0) return { path: whole, query: "" };
  return { path: whole.slice(0, mark), query: whole.slice(mark + 1).replace(/#.*$/s, "") };
}

function codeOf({ stream, headers }: RequestView): number | undefined {
  if (stream.responseCode > 0) return stream.responseCode;
  const status = Number(headers?.get(":status"));
  return status > 0 ? status : undefined;
}

// `httpToGrpcStatus` of Envoy.
const unknown = 2;
const grpcStatusByCode = new Map([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
]);

/** What a response code means where no grpc-status is. */
function grpcStatusOf(code: number | undefined): number | undefined {
  return code === undefined ? undefined : (grpcStatusByCode.get(code) ?? unknown);
}
