import { createHash } from "node:crypto";
import fs from "node:fs";
import { toBinary, type Message } from "@bufbuild/protobuf";
import type {
  ConfigSourceConfig,
  FileSourceConfig,
  GrpcSourceConfig,
} from "../contracts/config/config-source.ts";
import { parseGrpcService } from "../grpc/config.ts";
import type { ConfigContext } from "./context.ts";
import type {
  ApiConfigSource,
  ConfigSource,
  PathConfigSource,
} from "./gen/envoy/config/core/v3/config_source_pb.ts";

/** Envoy's default of `initial_fetch_timeout`. */
const fetchTimeoutMs = 15_000;
/** `ApiVersion.V2`, `ApiConfigSource.ApiType.GRPC` … */
const versionV2 = 1;
const apiTypes = [
  "DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE",
  "REST",
  "GRPC",
  "DELTA_GRPC",
  "",
  "AGGREGATED_GRPC",
  "AGGREGATED_DELTA_GRPC",
];

/** A `ConfigSource` as plain data; undefined when nothing can be subscribed to there, which was reported. */
export function parseConfigSource(
  context: ConfigContext,
  config: ConfigSource,
): ConfigSourceConfig | undefined {
  if (config.resourceApiVersion === versionV2) {
    context.problem(config, "resource_api_version", "V2 resources do not exist any more; use V3");
  }
  const specifier = parseSpecifier(context, config);
  if (specifier === undefined) return undefined;
  const desc = context.model.schema.message(config.$typeName);
  const hash = createHash("sha256").update(toBinary(desc, config)).digest("hex");
  const initialFetchTimeoutMs = context.durationMs(config.initialFetchTimeout, fetchTimeoutMs);
  return { key: hash.slice(0, 16), specifier, initialFetchTimeoutMs };
}

/** Who subscribes to something has a name; `what`: for Envoy's text. */
export function checkNode(
  context: ConfigContext,
  message: Message,
  field: string,
  what: string,
): void {
  const { nodeId, clusterName } = context.localInfo;
  if (nodeId !== "" && clusterName !== "") return;
  const text =
    `${what}: node 'id' and 'cluster' are required. ` +
    "Set it either in 'node' config or via --service-node and --service-cluster options.";
  context.problem(message, field, text);
}

function parseSpecifier(
  context: ConfigContext,
  config: ConfigSource,
): ConfigSourceConfig["specifier"] | undefined {
  const { configSourceSpecifier: specifier } = config;
  switch (specifier.case) {
    case "path": {
      const path = specifier.value;
      if (!exists(context, config, "path", path)) return undefined;
      return { kind: "file", path, watchedDirectory: undefined };
    }
    case "pathConfigSource":
      return parsePath(context, specifier.value);
    case "apiConfigSource":
      return parseApi(context, specifier.value);
    case "ads":
    case "self":
    case undefined:
      // Other kinds are refused by their field classes, and having none by the rules.
      return undefined;
  }
}

/** The file and the directory must exist. */
function parsePath(context: ConfigContext, config: PathConfigSource): FileSourceConfig | undefined {
  const { path, watchedDirectory } = config;
  if (!exists(context, config, "path", path)) return undefined;
  if (!watchedDirectory) return { kind: "file", path, watchedDirectory: undefined };
  return exists(context, watchedDirectory, "path", watchedDirectory.path)
    ? { kind: "file", path, watchedDirectory: watchedDirectory.path }
    : undefined;
}

function exists(context: ConfigContext, message: Message, field: string, file: string): boolean {
  if (fs.existsSync(file)) return true;
  const text = `paths must refer to an existing path in the system: '${file}' does not exist`;
  context.problem(message, field, text);
  return false;
}

function parseApi(context: ConfigContext, config: ApiConfigSource): GrpcSourceConfig | undefined {
  const type = apiTypes[config.apiType] ?? "";
  if (type !== "GRPC") {
    context.problem(config, "api_type", `${type} is not supported; use GRPC`);
    return undefined;
  }
  if (config.transportApiVersion === versionV2) {
    context.problem(config, "transport_api_version", "V2 does not exist any more; use V3");
  }
  if (config.clusterNames.length > 0) {
    const text = `${config.$typeName}::(AGGREGATED_)(DELTA_)GRPC must not have a cluster name specified; name it in grpc_services`;
    context.problem(config, "cluster_names", text);
  }
  const [first, ...others] = config.grpcServices;
  if (first === undefined) {
    const text = "API configs must have either a gRPC service or a cluster name defined";
    context.problem(config, "grpc_services", text);
    return undefined;
  }
  if (others.length > 0) {
    const text = `${config.$typeName}::(AGGREGATED_)(DELTA_)GRPC must have no more than 1 gRPC services specified`;
    context.problem(config, "grpc_services", text);
  }
  const service = parseGrpcService(first, context);
  if (service === undefined) return undefined;
  if (service.timeoutMs > 0) {
    context.warning(first, "timeout", "a stream of resources has no deadline; this is not used");
  }
  if (service.retry !== undefined) {
    const text = "a stream of resources is opened again whatever ended it; this is not used";
    context.warning(first, "retry_policy", text);
  }
  return {
    kind: "grpc",
    service,
    setNodeOnFirstMessageOnly: config.setNodeOnFirstMessageOnly,
  };
}
