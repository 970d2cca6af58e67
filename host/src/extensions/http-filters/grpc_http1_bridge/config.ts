import type { Config } from "../../../config/gen/envoy/extensions/filters/http/grpc_http1_bridge/v3/config_pb.js";
import type { HttpFilterFactory } from "../../../contracts/extension.ts";

/** `envoy.extensions.filters.http.grpc_http1_bridge.v3.Config` as plain data. */
export interface GrpcHttp1BridgeConfig {
  readonly upgradeProtobuf: boolean;
  readonly ignoreQuery: boolean;
}

/** `envoy.filters.http.grpc_http1_bridge`: lets HTTP/1.1 clients make unary gRPC calls. */
export const grpcHttp1BridgeFilter: HttpFilterFactory<GrpcHttp1BridgeConfig> = {
  name: "envoy.filters.http.grpc_http1_bridge",
  messageName: "envoy.extensions.filters.http.grpc_http1_bridge.v3.Config",
  isTerminal: false,
  parseConfig: (message: Config) => ({
    upgradeProtobuf: message.upgradeProtobufToGrpc,
    ignoreQuery: message.ignoreQueryParameters,
  }),
  async createFilterFactory(config) {
    const { GrpcHttp1BridgeFilter } = await import("./grpc-http1-bridge-filter.ts");
    return {
      createFilters: (callbacks) => callbacks.addStreamFilter(new GrpcHttp1BridgeFilter(config)),
    };
  },
};
