import type { FieldClassTable } from "./types.ts";

/** The gRPC services that the proxy calls. */
export const grpcServiceFields: FieldClassTable = {
  "envoy.config.core.v3.GrpcService": {
    implemented: ["envoy_grpc", "timeout", "initial_metadata", "retry_policy"],
    refused: {
      google_grpc:
        "is not supported; make a cluster of the target with http2_protocol_options, and name it in envoy_grpc",
    },
  },
  "envoy.config.core.v3.GrpcService.EnvoyGrpc": {
    implemented: ["cluster_name", "authority", "max_receive_message_length", "skip_envoy_headers"],
    refused: { retry_policy: "is not supported; use retry_policy of GrpcService" },
  },
};
