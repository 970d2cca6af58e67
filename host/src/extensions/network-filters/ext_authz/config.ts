import type { ExtAuthz } from "../../../config/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js";
import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { NetworkFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import { parseGrpcService } from "../../../grpc/config.ts";
import { destinationLabels } from "../../common/ext_authz/destination-labels.ts";
import type { MetadataMatcherConfig } from "../../common/ext_authz/metadata-matcher.ts";
import { parseMetadataMatcher } from "../../common/ext_authz/parse-metadata-matcher.ts";

const timeoutMsDefault = 200;

/** `envoy.extensions.filters.network.ext_authz.v3.ExtAuthz` as plain data. */
export interface NetworkExtAuthzConfig {
  readonly statPrefix: string;
  /** Undefined only in configurations that are refused. */
  readonly service: GrpcServiceConfig | undefined;
  readonly failureModeAllow: boolean;
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  readonly destinationLabels: ReadonlyMap<string, string>;
  readonly metadataNamespaces: readonly string[];
  readonly enabledMetadata: MetadataMatcherConfig | undefined;
}

function parseConfig(message: ExtAuthz, context: ParseContext): NetworkExtAuthzConfig {
  return {
    statPrefix: message.statPrefix,
    service: parseService(message, context),
    failureModeAllow: message.failureModeAllow,
    includePeerCertificate: message.includePeerCertificate,
    includeTlsSession: message.includeTlsSession,
    destinationLabels: destinationLabels(message.bootstrapMetadataLabelsKey, context.localInfo),
    metadataNamespaces: message.metadataContextNamespaces,
    enabledMetadata:
      message.filterEnabledMetadata && parseMetadataMatcher(message.filterEnabledMetadata),
  };
}

function parseService(message: ExtAuthz, context: ParseContext): GrpcServiceConfig | undefined {
  if (message.grpcService === undefined) {
    context.problem(message, "grpc_service", "is missing; it names who decides");
    return undefined;
  }
  return parseGrpcService(message.grpcService, context, timeoutMsDefault);
}

export const networkExtAuthzFilter: NetworkFilterFactory<NetworkExtAuthzConfig> = {
  name: "envoy.filters.network.ext_authz",
  messageName: "envoy.extensions.filters.network.ext_authz.v3.ExtAuthz",
  isTerminal: false,
  parseConfig,
  async createFilterFactory(config, context) {
    const { createNetworkExtAuthz } = await import("./network-ext-authz-filter.ts");
    return createNetworkExtAuthz(config, context);
  },
};
