import type { Http1ProtocolOptions } from "../../../config/gen/envoy/config/core/v3/protocol_pb.js";
import type { HttpConnectionManager } from "../../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";
import type { Http1Settings, Http2Settings } from "../../../contracts/http/codec.ts";
import { parseHttp2Settings } from "../../../http/codec/http2/config.ts";
import type { HcmConfig } from "../../../http/connection-manager/config.ts";

const idleTimeoutMsDefault = 3_600_000;
const maxHeadersCountDefault = 100;
const maxRequestHeadersKbDefault = 60;

type CommonConfig = Pick<
  HcmConfig,
  | "idleTimeoutMs"
  | "maxConnectionDurationMs"
  | "maxConnectionDurationJitterPercent"
  | "maxStreamDurationMs"
  | "maxRequestsPerConnection"
>;

/** `common_http_protocol_options`. */
export function parseCommonOptions(
  message: HttpConnectionManager,
  context: ParseContext,
): CommonConfig {
  const options = message.commonHttpProtocolOptions;
  if (options?.maxResponseHeadersKb !== undefined) {
    const text = "is about responses of upstream hosts; it has no effect here";
    context.warning(options, "max_response_headers_kb", text);
  }
  return {
    idleTimeoutMs: context.durationMs(options?.idleTimeout, idleTimeoutMsDefault),
    maxConnectionDurationMs: context.durationMs(options?.maxConnectionDuration, 0),
    maxConnectionDurationJitterPercent: options?.maxConnectionDurationJitter?.value ?? 0,
    maxStreamDurationMs: context.durationMs(options?.maxStreamDuration, 0),
    maxRequestsPerConnection: options?.maxRequestsPerConnection ?? 0,
  };
}

const underscoreActions = ["allow", "reject", "drop"] as const;

/** `http_protocol_options`, `http2_protocol_options`, and what of the common options the codecs need. */
export function parseCodecSettings(
  message: HttpConnectionManager,
  context: ParseContext,
): { readonly http1: Http1Settings; readonly http2: Http2Settings } {
  const options = message.commonHttpProtocolOptions;
  const common = {
    maxHeadersBytes: (message.maxRequestHeadersKb ?? maxRequestHeadersKbDefault) * 1024,
    maxHeadersCount: options?.maxHeadersCount ?? maxHeadersCountDefault,
    underscoresInHeaders: underscoreActions[options?.headersWithUnderscoresAction ?? 0]!,
  };
  checkStreamError(message, context);
  return {
    http1: {
      ...common,
      streamErrorOnInvalidHttpMessage: false,
      upgrades: hasUpgrades(message),
      ...parseHttp1Options(message.httpProtocolOptions),
    },
    http2: parseHttp2Settings(message.http2ProtocolOptions, common, context),
  };
}

/** Routes can enable what the connection manager does not mention. */
function hasUpgrades(message: HttpConnectionManager): boolean {
  if (message.upgradeConfigs.length > 0) return true;
  if (message.routeSpecifier.case !== "routeConfig") return false;
  return message.routeSpecifier.value.virtualHosts.some((host) =>
    host.routes.some(
      ({ action }) => action.case === "route" && action.value.upgradeConfigs.length > 0,
    ),
  );
}

function parseHttp1Options(
  options: Http1ProtocolOptions | undefined,
): Omit<
  Http1Settings,
  "maxHeadersBytes" | "maxHeadersCount" | "underscoresInHeaders" | "streamErrorOnInvalidHttpMessage"
> {
  return {
    acceptHttp10: options?.acceptHttp10 ?? false,
    defaultHostForHttp10: options?.defaultHostForHttp10 ?? "",
    allowAbsoluteUrl: options?.allowAbsoluteUrl ?? true,
    enableTrailers: options?.enableTrailers ?? false,
    allowChunkedLength: options?.allowChunkedLength ?? false,
    headerKeyFormat: options?.headerKeyFormat === undefined ? "default" : "proper-case",
  };
}

function checkStreamError(message: HttpConnectionManager, context: ParseContext): void {
  const text = "true is not supported: a connection is closed after a message that makes no sense";
  const http1 = message.httpProtocolOptions;
  if (http1?.overrideStreamErrorOnInvalidHttpMessage === true) {
    context.problem(http1, "override_stream_error_on_invalid_http_message", text);
  }
  if (message.streamErrorOnInvalidHttpMessage === true) {
    context.problem(message, "stream_error_on_invalid_http_message", text);
  }
}
