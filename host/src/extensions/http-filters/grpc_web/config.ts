import type { HttpFilterFactory } from "../../../contracts/extension.ts";

/** `envoy.filters.http.grpc_web`: lets browsers make gRPC calls. It has no settings. */
export const grpcWebFilter: HttpFilterFactory<null> = {
  name: "envoy.filters.http.grpc_web",
  messageName: "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb",
  isTerminal: false,
  parseConfig: () => null,
  async createFilterFactory(_config, context) {
    const [{ GrpcWebFilter }, { MethodStatsOfClusters }] = await Promise.all([
      import("./grpc-web-filter.ts"),
      import("../../../grpc/method-stats.ts"),
    ]);
    const stats = context.singleton(
      "grpc_web.method_stats",
      () => new MethodStatsOfClusters("grpc-web"),
    );
    const shared = { clusterManager: context.clusterManager, stats };
    return {
      createFilters: (callbacks) => callbacks.addStreamFilter(new GrpcWebFilter(shared)),
    };
  },
};
