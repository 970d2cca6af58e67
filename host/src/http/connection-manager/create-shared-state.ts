import type { ListenerContext } from "../../contracts/runtime.ts";
import type { Http1CodecStats } from "../codec/http1/stats.ts";
import { createHttp2CodecStats, type Http2CodecStats } from "../codec/http2/stats.ts";
import { createFilterChain } from "../filter-manager/create-filter-chain.ts";
import type { HcmConfig } from "./config.ts";
import { type ConnectionManagerOptions, SharedState } from "./connection-manager-options.ts";
import { createCodec } from "./create-codec.ts";
import { ConnectionManagerStats } from "./stats.ts";

type RoutesOfManager = Pick<ConnectionManagerOptions, "routeTable" | "routes">;

/** Builds everything that the connections of one filter chain share, once per worker. */
export async function createSharedState(
  config: HcmConfig,
  routes: RoutesOfManager,
  context: ListenerContext,
): Promise<SharedState> {
  const { dispatcher, localInfo, stats } = context;
  const scopeName = `http.${config.statPrefix}`;
  let http2: Http2CodecStats | undefined;
  const codecStats = {
    http1: http1Stats(context),
    // Come into being with the first connection that speaks it, as in Envoy.
    http2: () => (http2 ??= createHttp2CodecStats(context.stats.scope("http2"))),
  };
  return new SharedState({
    config,
    createCodec: (connection, data, callbacks) =>
      createCodec(connection, data, callbacks, config, codecStats),
    ...routes,
    filterChain: await createFilterChain(config.httpFilters, `${scopeName}.`, context),
    accessLogs: await Promise.all(config.accessLogs.map((log) => context.createAccessLog(log))),
    stats: new ConnectionManagerStats(
      stats.scope(scopeName),
      context.listenerScope.scope(scopeName),
    ),
    dispatcher,
    localInfo,
  });
}

/** `http1.` of the process, shared by all listeners. */
function http1Stats(context: ListenerContext): Http1CodecStats {
  const scope = context.stats.scope("http1");
  return {
    droppedHeadersWithUnderscores: scope.counter("dropped_headers_with_underscores"),
    metadataNotSupportedError: scope.counter("metadata_not_supported_error"),
    requestsRejectedWithUnderscoresInHeaders: scope.counter(
      "requests_rejected_with_underscores_in_headers",
    ),
    responseFlood: scope.counter("response_flood"),
  };
}
