import {
  encodeBoolean,
  encodeInteger,
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_RESPONSE_HEADERS,
  MAP_HTTP_RESPONSE_TRAILERS,
  nanoseconds,
  pairsByteLength,
  type PairSource,
  writePairs,
} from "@sluice/abi";
import { addressText } from "../../../common/address.ts";
import type { Address } from "../../../contracts/address.ts";
import type { LocalInfo } from "../../../contracts/config/snapshot.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import type { JsonValue } from "../../../contracts/stream-info.ts";
import type { Context } from "./context.ts";
import { getStateProperty } from "./filter-state.ts";
import { encodeJson } from "./json-attribute.ts";

/** For the objects that have attributes but no form of their own (`request` as a whole). */
export const notSerializable = Symbol("not serializable");

/** A value as the guest gets it: a string of one character per byte, or bytes; undefined: there is none. */
export type Attribute = string | Uint8Array | typeof notSerializable | undefined;

/** The attribute at `path`, which is not empty. */
export function getAttribute(context: Context, path: readonly string[]): Attribute {
  const [object, name] = path as [string, string | undefined];
  const settings = (context.root?.plugin ?? context.vm.plugin).settings;
  switch (object) {
    case "plugin_name":
      return leaf(path, 1, settings.name);
    case "plugin_root_id":
      return leaf(path, 1, settings.rootId);
    case "plugin_vm_id":
      return leaf(path, 1, settings.vm.vmId);
    case "connection_id":
      return leaf(path, 1, integer(context.streamInfo?.connectionId));
  }
  const read = objects.get(object);
  if (read === undefined) {
    return leaf(path, 1, getStateProperty(context.streamInfo?.filterState, object));
  }
  if (name === undefined) return notSerializable;
  return read(context, name, path);
}

type ReadObject = (context: Context, name: string, path: readonly string[]) => Attribute;

const readers: { readonly [name: string]: ReadObject } = {
  request: (context, name, path) => {
    const stream = context.streamInfo;
    if (stream === undefined) return undefined;
    const headers = context.readableMap(MAP_HTTP_REQUEST_HEADERS);
    if (name === "headers") return headerAttribute(headers, path);
    return leaf(path, 2, requestHeader(headers, name) ?? requestFact(stream, headers, name));
  },
  response: (context, name, path) => {
    const stream = context.streamInfo;
    if (stream === undefined) return undefined;
    const headers = context.readableMap(MAP_HTTP_RESPONSE_HEADERS);
    if (name === "headers") return headerAttribute(headers, path);
    const trailers = context.readableMap(MAP_HTTP_RESPONSE_TRAILERS);
    if (name === "trailers") return headerAttribute(trailers, path);
    return leaf(path, 2, responseFact(stream, headers, trailers, name));
  },
  source: (context, name, path) =>
    leaf(path, 2, addressAttribute(context.streamInfo?.downstreamRemoteAddress, name)),
  destination: (context, name, path) =>
    leaf(path, 2, addressAttribute(context.streamInfo?.downstreamLocalAddress, name)),
  connection: (context, name, path) => leaf(path, 2, connectionFact(context.streamInfo, name)),
  upstream: (context, name, path) => leaf(path, 2, upstreamFact(context.streamInfo, name)),
  xds: (context, name, path) => xdsAttribute(context, name, path),
  metadata: (context, name, path) => metadataAttribute(context.streamInfo, name, path),
  filter_state: (context, name, path) =>
    leaf(path, 2, stateValue(context.streamInfo?.filterState.get(name))),
};
const objects = new Map(Object.entries(readers));

/** A scalar has nothing inside. */
function leaf(path: readonly string[], length: number, value: Attribute): Attribute {
  return path.length === length ? value : undefined;
}

function integer(value: number | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : encodeInteger(BigInt(Math.trunc(value)));
}

function duration(milliseconds: number): Uint8Array {
  return encodeInteger(nanoseconds(milliseconds));
}

function filled(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** `headers` as a whole (values of one name joined) or one of them. */
function headerAttribute(headers: HeaderMap | undefined, path: readonly string[]): Attribute {
  if (headers === undefined) return undefined;
  const name = path[2];
  if (name !== undefined) return leaf(path, 3, headers.getJoined(name.toLowerCase()));
  const entries = new Map<string, string>();
  for (let i = 0; i < headers.size; i += 1) {
    const key = headers.nameAt(i);
    entries.set(key, headers.getJoined(key)!);
  }
  const list = [...entries];
  const source: PairSource = {
    size: list.length,
    nameAt: (i) => list[i]![0],
    valueAt: (i) => list[i]![1],
  };
  const bytes = new Uint8Array(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes;
}

const requestHeaders: { readonly [name: string]: string | undefined } = {
  path: ":path",
  host: ":authority",
  scheme: ":scheme",
  method: ":method",
  referer: "referer",
  useragent: "user-agent",
  id: "x-request-id",
};

function requestHeader(headers: HeaderMap | undefined, name: string): string | undefined {
  const header = Object.hasOwn(requestHeaders, name) ? requestHeaders[name] : undefined;
  if (header !== undefined) return headers?.get(header);
  const path = name === "url_path" || name === "query" ? headers?.get(":path") : undefined;
  if (path === undefined) return undefined;
  const mark = path.indexOf("?");
  if (name === "url_path") return mark < 0 ? path : path.slice(0, mark);
  return mark < 0 ? "" : path.slice(mark + 1).replace(/#.*$/s, "");
}

function requestFact(stream: StreamInfo, headers: HeaderMap | undefined, name: string): Attribute {
  switch (name) {
    case "time":
      return duration(stream.startTimeSystemMs);
    case "protocol":
      return filled(stream.protocol);
    case "size":
      return requestSize(stream, headers);
    case "total_size":
      return integer(stream.bytesReceived + stream.requestHeadersBytes);
    case "headers_bytes":
      return integer(stream.requestHeadersBytes);
    case "duration":
      return stream.endTimeMs > 0 ? duration(stream.endTimeMs - stream.startTimeMs) : undefined;
    default:
      return undefined;
  }
}

function requestSize(stream: StreamInfo, headers: HeaderMap | undefined): Attribute {
  const length = headers?.get("content-length");
  if (length === undefined) return integer(stream.bytesReceived);
  return /^\d{1,15}$/.test(length) ? integer(Number(length)) : undefined;
}

function responseFact(
  stream: StreamInfo,
  headers: HeaderMap | undefined,
  trailers: HeaderMap | undefined,
  name: string,
): Attribute {
  switch (name) {
    case "code":
      return responseCode(stream, headers);
    case "code_details":
      return filled(stream.responseCodeDetails);
    case "flags":
      return integer(stream.responseFlags);
    case "grpc_status":
      return grpcStatus(trailers?.get("grpc-status") ?? headers?.get("grpc-status"));
    case "size":
      return integer(stream.bytesSent);
    case "total_size":
      return integer(stream.bytesSent + stream.responseHeadersBytes + stream.responseTrailersBytes);
    case "backend_latency":
      return backendLatency(stream);
    default:
      return undefined;
  }
}

function responseCode(stream: StreamInfo, headers: HeaderMap | undefined): Attribute {
  if (stream.responseCode > 0) return integer(stream.responseCode);
  const status = Number(headers?.get(":status"));
  return status > 0 ? integer(status) : undefined;
}

function grpcStatus(text: string | undefined): Attribute {
  return text !== undefined && /^\d{1,9}$/.test(text) ? integer(Number(text)) : undefined;
}

function backendLatency(stream: StreamInfo): Attribute {
  const upstream = stream.upstreamInfo;
  if (upstream === undefined || upstream.firstTxByteMs === 0 || upstream.lastRxByteMs === 0) {
    return undefined;
  }
  return duration(upstream.lastRxByteMs - upstream.firstTxByteMs);
}

function addressAttribute(address: Address | undefined, name: string): Attribute {
  if (address === undefined) return undefined;
  if (name === "address") return addressText(address);
  return name === "port" && address.kind === "ip" ? integer(address.port) : undefined;
}

function connectionFact(stream: StreamInfo | undefined, name: string): Attribute {
  if (stream === undefined) return undefined;
  switch (name) {
    case "id":
      return integer(stream.connectionId);
    case "mtls":
      return encodeBoolean(false); // no TLS listeners
    case "requested_server_name":
      return stream.requestedServerName;
    case "termination_details":
      return filled(stream.connectionTerminationDetails);
    case "transport_failure_reason":
      return filled(stream.downstreamTransportFailureReason);
    default:
      return undefined;
  }
}

function upstreamFact(stream: StreamInfo | undefined, name: string): Attribute {
  const upstream = stream?.upstreamInfo;
  if (upstream === undefined) return undefined;
  switch (name) {
    case "address":
    case "port":
      return addressAttribute(upstream.host?.address ?? upstream.remoteAddress, name);
    case "local_address":
      return addressAttribute(upstream.localAddress, "address");
    case "transport_failure_reason":
      return upstream.transportFailureReason;
    case "request_attempt_count":
      return integer(upstream.attemptCount);
    default:
      return undefined;
  }
}

function xdsAttribute(context: Context, name: string, path: readonly string[]): Attribute {
  if (name === "node") return nodeAttribute(context.vm.environment.localInfo, path);
  const stream = context.streamInfo;
  if (stream === undefined) return undefined;
  switch (name) {
    case "cluster_name":
      return leaf(path, 2, filled(stream.upstreamInfo?.clusterName));
    case "route_name":
      return leaf(path, 2, filled(stream.routeName));
    case "virtual_host_name":
      return leaf(path, 2, filled(stream.virtualHostName));
    case "filter_chain_name":
      return leaf(path, 2, stream.filterChainName);
    default:
      return undefined;
  }
}

function nodeAttribute(node: LocalInfo, path: readonly string[]): Attribute {
  switch (path[2]) {
    case undefined:
      return notSerializable;
    case "id":
      return leaf(path, 3, utf8(node.nodeId));
    case "cluster":
      return leaf(path, 3, utf8(node.clusterName));
    case "metadata":
      return jsonAttribute(node.nodeMetadata as { [key: string]: JsonValue }, path.slice(3));
    case "locality":
      return path[3] === "zone" ? leaf(path, 4, utf8(node.zone)) : undefined;
    default:
      return undefined;
  }
}

/** `metadata.filter_metadata.<namespace>.<key>…` */
function metadataAttribute(
  stream: StreamInfo | undefined,
  name: string,
  path: readonly string[],
): Attribute {
  if (stream === undefined || name !== "filter_metadata") return undefined;
  if (path[2] === undefined) return notSerializable;
  const space = stream.dynamicMetadata?.get(path[2]);
  return space === undefined ? undefined : jsonAttribute(space, path.slice(3));
}

/** What `path` leads to: through keys of objects and indexes of lists. */
function jsonAttribute(root: JsonValue, path: readonly string[]): Attribute {
  let value: JsonValue | undefined = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) value = /^\d{1,9}$/.test(part) ? value[Number(part)] : undefined;
    else value = Object.hasOwn(value, part) ? value[part] : undefined;
    if (value === undefined) return undefined;
  }
  return encodeJson(value!) ?? notSerializable;
}

function stateValue(value: unknown): Attribute {
  if (typeof value === "string") return utf8(value);
  if (value === undefined || value instanceof Uint8Array) return value;
  return notSerializable;
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text);
}
