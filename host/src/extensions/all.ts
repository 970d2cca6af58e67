import { createRegistry } from "../common/extension-registry.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import { fileAccessLogger } from "./access-loggers/file/config.ts";
import { stderrAccessLogger } from "./access-loggers/stderr/config.ts";
import { stdoutAccessLogger } from "./access-loggers/stdout/config.ts";
import { wasmAccessLogger } from "./access-loggers/wasm/config.ts";
import { wasmService } from "./bootstrap/wasm/config.ts";
import { extAuthzFilter } from "./http-filters/ext_authz/config.ts";
import { grpcHttp1BridgeFilter } from "./http-filters/grpc_http1_bridge/config.ts";
import { grpcJsonTranscoderFilter } from "./http-filters/grpc_json_transcoder/config.ts";
import { grpcStatsFilter } from "./http-filters/grpc_stats/config.ts";
import { grpcWebFilter } from "./http-filters/grpc_web/config.ts";
import { luaFilter } from "./http-filters/lua/config.ts";
import { rateLimitFilter } from "./http-filters/ratelimit/config.ts";
import { routerFilter } from "./http-filters/router/config.ts";
import { upstreamCodecFilter } from "./http-filters/upstream_codec/config.ts";
import { wasmFilter } from "./http-filters/wasm/config.ts";
import { httpInspectorFilter } from "./listener-filters/http_inspector/config.ts";
import { tlsInspectorFilter } from "./listener-filters/tls_inspector/config.ts";
import { wasmListenerFilter } from "./listener-filters/wasm/config.ts";
import { directResponseFilter } from "./network-filters/direct_response/config.ts";
import { echoFilter } from "./network-filters/echo/config.ts";
import { networkExtAuthzFilter } from "./network-filters/ext_authz/config.ts";
import { httpConnectionManagerFilter } from "./network-filters/http_connection_manager/config.ts";
import { networkRateLimitFilter } from "./network-filters/ratelimit/config.ts";
import { tcpProxyFilter } from "./network-filters/tcp_proxy/config.ts";
import { wasmNetworkFilter } from "./network-filters/wasm/config.ts";
import { downstreamTls } from "./transport-sockets/tls/config.ts";
import { upstreamTls } from "./transport-sockets/tls/upstream-config.ts";
import { wasmStatsSink } from "./stat-sinks/wasm/config.ts";

/** Everything that is built in. A new extension becomes known by a line here. */
export const registry: ExtensionRegistry = createRegistry({
  httpFilters: [
    extAuthzFilter,
    grpcHttp1BridgeFilter,
    grpcJsonTranscoderFilter,
    grpcStatsFilter,
    grpcWebFilter,
    luaFilter,
    rateLimitFilter,
    routerFilter,
    upstreamCodecFilter,
    wasmFilter,
  ],
  networkFilters: [
    directResponseFilter,
    echoFilter,
    networkExtAuthzFilter,
    httpConnectionManagerFilter,
    networkRateLimitFilter,
    tcpProxyFilter,
    wasmNetworkFilter,
  ],
  listenerFilters: [httpInspectorFilter, tlsInspectorFilter, wasmListenerFilter],
  downstreamTransportSockets: [downstreamTls],
  upstreamTransportSockets: [upstreamTls],
  accessLoggers: [fileAccessLogger, stderrAccessLogger, stdoutAccessLogger, wasmAccessLogger],
  bootstrapExtensions: [wasmService],
  statsSinks: [wasmStatsSink],
});
