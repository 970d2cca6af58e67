import { HeaderId } from "../../../common/headers/header-id.ts";
import { ProtobufWriter } from "../../../common/protobuf/writer.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import {
  Attribute,
  writeMap,
  writeMetadata,
  writePeers,
  writeTlsSession,
} from "../../common/ext_authz/attributes.ts";
import type { AuthCall, AuthCallbacks } from "../../common/ext_authz/auth-response.ts";
import type { GrpcAuthorization } from "../../common/ext_authz/grpc-authorization.ts";
import { validUtf8, validUtf8Bytes } from "../../../common/protobuf/valid-utf8.ts";
import { type CheckHeaders, partialBodyHeader } from "./check-headers.ts";
import type { ExtAuthzConfig } from "./ext-authz-config.ts";
import type { HttpAuthorization, HttpCheck } from "./http-check.ts";

// Field numbers of `envoy.service.auth.v3.CheckRequest` and what is in it.
const CheckRequest = { attributes: 1 } as const;
const Request = { time: 1, http: 2 } as const;
const Timestamp = { seconds: 1, nanos: 2 } as const;
const Http = {
  id: 1,
  method: 2,
  headers: 3,
  path: 4,
  host: 5,
  scheme: 6,
  size: 9,
  protocol: 10,
  body: 11,
  rawBody: 12,
  headerMap: 13,
} as const;
const MapEntry = { key: 1, value: 2 } as const;
const HeaderMap = { headers: 1 } as const;
const HeaderValue = { key: 1, rawValue: 3 } as const;

/** Asks a gRPC service about requests. */
export class GrpcHttpAuthorization implements HttpAuthorization {
  readonly #config: ExtAuthzConfig;
  readonly #headers: CheckHeaders;
  readonly #authorization: GrpcAuthorization;

  constructor(config: ExtAuthzConfig, headers: CheckHeaders, authorization: GrpcAuthorization) {
    this.#config = config;
    this.#headers = headers;
    this.#authorization = authorization;
  }

  check(check: HttpCheck, callbacks: AuthCallbacks): AuthCall | undefined {
    return this.#authorization.check(this.encode(check), callbacks);
  }

  /** The `CheckRequest`. */
  encode(check: HttpCheck): Buffer {
    const { stream, headers, contextExtensions } = check;
    const { connection, streamInfo } = stream;
    const config = this.#config;
    const writer = new ProtobufWriter(1024);
    const attributes = writer.begin(CheckRequest.attributes);
    if (connection !== undefined) {
      const service = headers.getId(HeaderId.XEnvoyDownstreamServiceCluster) ?? "";
      writePeers(writer, connection, service, config);
    }
    this.#writeRequest(writer, check);
    writeMap(writer, Attribute.contextExtensions, contextExtensions);
    writeMetadata(writer, Attribute.metadataContext, config.metadataNamespaces, (namespace) =>
      dynamicMetadata(namespace, streamInfo, connection?.streamInfo),
    );
    if (connection !== undefined) writeTlsSession(writer, connection, config);
    const routeMetadata = stream.route()?.metadata ?? {};
    writeMetadata(
      writer,
      Attribute.routeMetadataContext,
      config.routeMetadataNamespaces,
      (namespace) =>
        Object.hasOwn(routeMetadata, namespace) ? routeMetadata[namespace] : undefined,
    );
    writer.end(attributes);
    return writer.finish();
  }

  #writeRequest(writer: ProtobufWriter, { stream, headers, body }: HttpCheck): void {
    const { streamInfo, streamId } = stream;
    const request = writer.begin(Attribute.request);
    writeTime(writer, streamInfo.startTimeSystemMs);
    const http = writer.begin(Request.http);
    writer.byteText(Http.id, String(streamId));
    writeText(writer, Http.method, headers.getId(HeaderId.Method));
    this.#writeHeaders(writer, headers, body?.partial);
    writeText(writer, Http.path, headers.getId(HeaderId.Path));
    writeText(writer, Http.host, headers.getId(HeaderId.Authority));
    writeText(writer, Http.scheme, headers.getId(HeaderId.Scheme));
    if (streamInfo.bytesReceived > 0) writer.uint(Http.size, streamInfo.bytesReceived);
    writeText(writer, Http.protocol, streamInfo.protocol);
    if (body !== undefined && body.bytes.length > 0) {
      if (body.packAsBytes) writer.bytes(Http.rawBody, body.bytes);
      else writer.bytes(Http.body, validUtf8Bytes(body.bytes));
    }
    writer.end(http);
    writer.end(request);
  }

  /** `partial`: whether the body is; undefined: nothing is said of it. */
  #writeHeaders(
    writer: ProtobufWriter,
    headers: HttpCheck["headers"],
    partial: boolean | undefined,
  ): void {
    const pairs = this.#headers.collect(headers);
    if (partial !== undefined) pairs.push([partialBodyHeader, String(partial)]);
    const { raw } = this.#headers;
    const map = raw ? writer.begin(Http.headerMap) : 0;
    for (const [name, value] of pairs) {
      const entry = writer.begin(raw ? HeaderMap.headers : Http.headers);
      writer.byteText(raw ? HeaderValue.key : MapEntry.key, name);
      writer.byteText(raw ? HeaderValue.rawValue : MapEntry.value, value);
      writer.end(entry);
    }
    if (raw) writer.end(map);
  }
}

function writeTime(writer: ProtobufWriter, systemMs: number): void {
  const time = writer.begin(Request.time);
  const seconds = Math.floor(systemMs / 1000);
  writer.uint(Timestamp.seconds, seconds);
  const nanos = Math.floor((systemMs - seconds * 1000) * 1e6);
  if (nanos > 0) writer.uint(Timestamp.nanos, nanos);
  writer.end(time);
}

function writeText(writer: ProtobufWriter, field: number, byteText: string | undefined): void {
  if (byteText !== undefined && byteText !== "") writer.byteText(field, validUtf8(byteText));
}

/** The request's own goes before the connection's. */
function dynamicMetadata(
  namespace: string,
  request: StreamInfo,
  connection: StreamInfo | undefined,
): ReturnType<NonNullable<StreamInfo["dynamicMetadata"]>["get"]> {
  return request.dynamicMetadata?.get(namespace) ?? connection?.dynamicMetadata?.get(namespace);
}
