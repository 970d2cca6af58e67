import type { Message } from "@bufbuild/protobuf";
import type { Cluster } from "../config/gen/envoy/config/cluster/v3/cluster_pb.js";
import type {
  Http1ProtocolOptions,
  Http2ProtocolOptions,
  HttpProtocolOptions as CommonOptions,
  UpstreamHttpProtocolOptions,
} from "../config/gen/envoy/config/core/v3/protocol_pb.js";
import type { HttpProtocolOptions } from "../config/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js";
import type { ClusterConfig, RequestServerNameConfig } from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { parseHttp2Settings, type Http2CommonSettings } from "../http/codec/http2/config.ts";
import { parseUpstreamHttpFilters } from "../http/filter-manager/parse-http-filters.ts";

const idleTimeoutMsDefault = 3_600_000;
const maxHeadersCountDefault = 100;
const maxHeadersKbDefault = 80;
const optionsKey = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

type ProtocolConfig = Pick<
  ClusterConfig,
  | "idleTimeoutMs"
  | "maxRequestsPerConnection"
  | "upstreamProtocol"
  | "requestServerName"
  | "http1"
  | "http2"
  | "httpFilters"
>;

/** What the cluster says of HTTP: in `typed_extension_protocol_options`, or in its own older fields. */
export function parseProtocolOptions(message: Cluster, context: ParseContext): ProtocolConfig {
  const typed = typedOptions(message, context);
  const common = typed?.commonHttpProtocolOptions ?? message.commonHttpProtocolOptions;
  const { protocol, http1, http2 } =
    typed === undefined ? olderProtocols(message) : protocolsOf(typed);
  checkCommon(common, context);
  checkHttp1(http1, context);
  return {
    idleTimeoutMs: context.durationMs(common?.idleTimeout, idleTimeoutMsDefault),
    maxRequestsPerConnection:
      common?.maxRequestsPerConnection ?? message.maxRequestsPerConnection ?? 0,
    upstreamProtocol: protocol,
    requestServerName: serverNameConfig(
      typed?.upstreamHttpProtocolOptions ?? message.upstreamHttpProtocolOptions,
    ),
    http1: http1Config(common, http1),
    http2: parseHttp2Settings(http2, http2Common(common), context),
    httpFilters: parseUpstreamHttpFilters(typed?.httpFilters ?? [], "cluster", context),
  };
}

function serverNameConfig(
  options: UpstreamHttpProtocolOptions | undefined,
): RequestServerNameConfig | undefined {
  if (options === undefined || !(options.autoSni || options.autoSanValidation)) return undefined;
  return {
    header: options.overrideAutoSniHeader.toLowerCase(),
    sent: options.autoSni,
    verified: options.autoSanValidation,
  };
}

function http1Config(
  common: CommonOptions | undefined,
  http1: Http1ProtocolOptions | undefined,
): ClusterConfig["http1"] {
  return {
    maxHeadersCount: common?.maxHeadersCount ?? maxHeadersCountDefault,
    maxHeadersBytes: (common?.maxResponseHeadersKb ?? maxHeadersKbDefault) * 1024,
    headerKeyFormat: http1?.headerKeyFormat === undefined ? "default" : "proper-case",
    enableTrailers: http1?.enableTrailers ?? false,
  };
}

function typedOptions(message: Cluster, context: ParseContext): HttpProtocolOptions | undefined {
  let options: HttpProtocolOptions | undefined;
  for (const [key, any] of Object.entries(message.typedExtensionProtocolOptions)) {
    const field = `typed_extension_protocol_options[${JSON.stringify(key)}]`;
    if (key !== optionsKey) {
      const text =
        "Didn't find a registered network or http filter or protocol options implementation for " +
        `name: '${key}'; the one that is supported is ${optionsKey}`;
      context.problem(message, field, text);
      continue;
    }
    const content = context.unpack(any, message, field);
    if (content === undefined) continue;
    if (content.$typeName === optionsKey) options = content as HttpProtocolOptions;
    else context.problem(message, field, `must be a ${optionsKey}, and is a ${content.$typeName}`);
  }
  return options;
}

/** What is spoken upstream, and the options of what may be. */
interface Protocols {
  readonly protocol: ClusterConfig["upstreamProtocol"];
  readonly http1: Http1ProtocolOptions | undefined;
  readonly http2: Http2ProtocolOptions | undefined;
}

const plainHttp1: Protocols = { protocol: "HTTP1", http1: undefined, http2: undefined };

/** HTTP/3 is refused by its field classes. */
function protocolsOf(options: HttpProtocolOptions): Protocols {
  const choice = options.upstreamProtocolOptions;
  if (choice.case === "useDownstreamProtocolConfig") {
    const { httpProtocolOptions: http1, http2ProtocolOptions: http2 } = choice.value;
    return { protocol: "DOWNSTREAM", http1, http2 };
  }
  if (choice.case === "autoConfig") {
    const { httpProtocolOptions: http1, http2ProtocolOptions: http2 } = choice.value;
    return { protocol: "ALPN", http1, http2 };
  }
  if (choice.case !== "explicitHttpConfig") return plainHttp1;
  const explicit = choice.value.protocolConfig;
  if (explicit.case === "http2ProtocolOptions") {
    return { protocol: "HTTP2", http1: undefined, http2: explicit.value };
  }
  return explicit.case === "httpProtocolOptions"
    ? { protocol: "HTTP1", http1: explicit.value, http2: undefined }
    : plainHttp1;
}

/** The cluster's own fields, from before there was a message for them. */
function olderProtocols(message: Cluster): Protocols {
  const { httpProtocolOptions: http1, http2ProtocolOptions: http2 } = message;
  return { protocol: http2 === undefined ? "HTTP1" : "HTTP2", http1, http2 };
}

function http2Common(common: CommonOptions | undefined): Http2CommonSettings {
  return {
    maxHeadersCount: common?.maxHeadersCount ?? maxHeadersCountDefault,
    maxHeadersBytes: (common?.maxResponseHeadersKb ?? maxHeadersKbDefault) * 1024,
    underscoresInHeaders: "allow",
  };
}

// These messages are those of the connection manager, too; what makes sense only there has no effect here.

function checkCommon(options: CommonOptions | undefined, context: ParseContext): void {
  if (options === undefined) return;
  const unsupported: readonly (readonly [boolean, string])[] = [
    [options.maxConnectionDuration !== undefined, "max_connection_duration"],
    [options.maxConnectionDurationJitter !== undefined, "max_connection_duration_jitter"],
    [options.maxStreamDuration !== undefined, "max_stream_duration"],
    [options.headersWithUnderscoresAction !== 0, "headers_with_underscores_action"],
  ];
  reportAll(options, unsupported, "is not supported for clusters; leave it out", context);
}

function checkHttp1(options: Http1ProtocolOptions | undefined, context: ParseContext): void {
  if (options === undefined) return;
  const unsupported: readonly (readonly [boolean, string])[] = [
    [options.allowChunkedLength, "allow_chunked_length"],
    [options.sendFullyQualifiedUrl, "send_fully_qualified_url"],
    [options.allowCustomMethods, "allow_custom_methods"],
    [options.ignoreHttp11Upgrade.length > 0, "ignore_http_11_upgrade"],
    [
      options.overrideStreamErrorOnInvalidHttpMessage !== undefined,
      "override_stream_error_on_invalid_http_message",
    ],
  ];
  reportAll(options, unsupported, "is not supported for clusters; leave it out", context);
  const listenersOnly: readonly (readonly [boolean, string])[] = [
    [options.allowAbsoluteUrl !== undefined, "allow_absolute_url"],
    [options.acceptHttp10, "accept_http_10"],
    [options.defaultHostForHttp10 !== "", "default_host_for_http_10"],
  ];
  for (const [isSet, field] of listenersOnly) {
    if (isSet) context.warning(options, field, "is about requests; it has no effect on a cluster");
  }
}

function reportAll(
  message: Message,
  fields: readonly (readonly [isSet: boolean, field: string])[],
  text: string,
  context: ParseContext,
): void {
  for (const [isSet, field] of fields) if (isSet) context.problem(message, field, text);
}
