import type { FilterConfig } from "../../../config/gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js";
import type { HttpFilterFactory } from "../../../contracts/extension.ts";

/** `envoy.extensions.filters.http.grpc_stats.v3.FilterConfig` as plain data. */
export interface GrpcStatsConfig {
  readonly emitFilterState: boolean;
  readonly allMethods: boolean;
  /** `/service/method`: of these, methods are told apart. */
  readonly allowed: ReadonlySet<string>;
  readonly upstreamStats: boolean;
  readonly replaceDots: boolean;
}

function parseConfig(message: FilterConfig): GrpcStatsConfig {
  const { perMethodStatSpecifier: methods } = message;
  const allowed = new Set<string>();
  if (methods.case === "individualMethodStatsAllowlist") {
    for (const { name, methodNames } of methods.value.services) {
      for (const method of methodNames) allowed.add(`/${name}/${method}`);
    }
  }
  return {
    emitFilterState: message.emitFilterState,
    allMethods: methods.case === "statsForAllMethods" && methods.value.value,
    allowed,
    upstreamStats: message.enableUpstreamStats,
    replaceDots: message.replaceDotsInGrpcServiceName,
  };
}

/** `envoy.filters.http.grpc_stats`: counts gRPC calls and their messages. */
export const grpcStatsFilter: HttpFilterFactory<GrpcStatsConfig> = {
  name: "envoy.filters.http.grpc_stats",
  messageName: "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
  isTerminal: false,
  parseConfig,
  async createFilterFactory(config, context) {
    const [{ GrpcStatsFilter }, { MethodStatsOfClusters }] = await Promise.all([
      import("./grpc-stats-filter.ts"),
      import("../../../grpc/method-stats.ts"),
    ]);
    const stats = context.singleton("grpc.method_stats", () => new MethodStatsOfClusters("grpc"));
    const shared = { config, clusterManager: context.clusterManager, stats };
    return {
      createFilters: (callbacks) => callbacks.addStreamFilter(new GrpcStatsFilter(shared)),
    };
  },
};
