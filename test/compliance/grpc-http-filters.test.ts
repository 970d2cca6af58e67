import { grpcHttp1BridgeFilter } from "../../host/src/extensions/http-filters/grpc_http1_bridge/config.ts";
import { grpcJsonTranscoderFilter } from "../../host/src/extensions/http-filters/grpc_json_transcoder/config.ts";
import type { TranscoderConfig } from "../../host/src/extensions/http-filters/grpc_json_transcoder/config.ts";
import { grpcStatsFilter } from "../../host/src/extensions/http-filters/grpc_stats/config.ts";
import { grpcWebFilter } from "../../host/src/extensions/http-filters/grpc_web/config.ts";
import type { HttpFilterContext } from "../../host/src/contracts/extension.ts";
import { descriptorSet } from "../golden/grpc/descriptors.ts";
import { messageOf, recordingParseContext } from "../support/config-message.ts";
import { testHttpFilter } from "./http-filter.ts";

// What is not gRPC passes the filters of gRPC as it is.

const context = {
  clusterManager: { getThreadLocalCluster: () => undefined },
  singleton: <T>(_key: string, create: () => T): T => create(),
} as unknown as HttpFilterContext;

const transcoder = messageOf(grpcJsonTranscoderFilter.messageName, {
  proto_descriptor_bin: descriptorSet.toString("base64"),
  services: ["golden.Library"],
});

testHttpFilter({
  name: "grpc_stats",
  create: () =>
    grpcStatsFilter.createFilterFactory(
      {
        emitFilterState: true,
        allMethods: true,
        allowed: new Set(),
        upstreamStats: true,
        replaceDots: false,
      },
      context,
    ),
});
testHttpFilter({
  name: "grpc_http1_bridge",
  create: () =>
    grpcHttp1BridgeFilter.createFilterFactory(
      { upgradeProtobuf: true, ignoreQuery: true },
      context,
    ),
});
testHttpFilter({
  name: "grpc_web",
  create: () => grpcWebFilter.createFilterFactory(null, context),
});
testHttpFilter({
  name: "grpc_json_transcoder",
  create: () =>
    grpcJsonTranscoderFilter.createFilterFactory(
      grpcJsonTranscoderFilter.parseConfig(
        transcoder as never,
        recordingParseContext(),
      ) as TranscoderConfig,
      context,
    ),
});
