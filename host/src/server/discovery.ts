import { fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import { systemRandom, systemTime } from "../common/time/clock.ts";
import { ThreadDispatcher } from "../common/time/dispatcher.ts";
import { schema } from "../config/schema.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { LoggerSource } from "../contracts/log.ts";
import type { ExtensionDiscovery } from "../xds/extension-discovery.ts";
import type { RouteDiscovery, RouteDiscoveryOptions } from "../xds/route-discovery.ts";
import type { SecretDiscovery } from "../xds/secret-discovery.ts";
import type { LoadedBootstrap } from "./bootstrap.ts";
import { builtInExtensions } from "./built-in-extensions.ts";
import type { Configuration } from "./configuration.ts";
import { nodeJson } from "./node-json.ts";

export interface DiscoveryEnvironment {
  readonly configuration: Configuration;
  readonly registry: ExtensionRegistry;
  readonly loggers: LoggerSource;
}

/** What comes by discovery from files and control planes. What is not configured is not loaded. */
export interface Discoveries {
  readonly extensions: ExtensionDiscovery | undefined;
  readonly secrets: SecretDiscovery | undefined;
  readonly routes: RouteDiscovery | undefined;
}

/** Makes all that the bootstrap subscribes to. */
export async function discover(
  bootstrap: LoadedBootstrap,
  environment: DiscoveryEnvironment,
): Promise<Discoveries> {
  const { found } = bootstrap;
  const common = commonEnvironment(bootstrap, environment);
  let extensions: ExtensionDiscovery | undefined;
  if (found.discoveries.length > 0) {
    const module = await import("../xds/extension-discovery.ts");
    extensions = new module.ExtensionDiscovery({ ...common, discoveries: found.discoveries });
  }
  let secrets: SecretDiscovery | undefined;
  if (found.secrets.length > 0 || found.watchedFiles.length > 0) {
    const module = await import("../xds/secret-discovery.ts");
    const own = environment.configuration.secrets;
    secrets = new module.SecretDiscovery({ ...common, found, own });
  }
  let routes: RouteDiscovery | undefined;
  if (found.routes.length > 0) {
    const module = await import("../xds/route-discovery.ts");
    routes = new module.RouteDiscovery({ ...common, routes: found.routes });
  }
  return { extensions, secrets, routes };
}

/** What all kinds of subscriptions need of the main thread. */
function commonEnvironment(
  bootstrap: LoadedBootstrap,
  { configuration, registry, loggers }: DiscoveryEnvironment,
): CommonEnvironment {
  const clusterNames = new Set(bootstrap.clusters.map(({ name }) => name));
  const dispatcher = new ThreadDispatcher("main_thread");
  return {
    registry,
    localInfo: bootstrap.localInfo,
    logger: loggers.logger("config"),
    stats: configuration.stats.main,
    time: systemTime,
    random: systemRandom,
    prepareContextFor: (filterName) => configuration.prepareContext(bootstrap, filterName),
    hasCluster: (name) => clusterNames.has(name),
    node: () => nodeMessage(bootstrap, registry),
    grpcClient: async (service) => {
      const clusters = await configuration.clusters(bootstrap);
      const { GrpcClient } = await import("../grpc/grpc-client.ts");
      const createTimer = dispatcher.createTimer.bind(dispatcher);
      return new GrpcClient(service, { clusters, createTimer, random: systemRandom });
    },
    warned: configuration.warned,
  };
}

type CommonEnvironment = Omit<RouteDiscoveryOptions, "routes">;

function nodeMessage(bootstrap: LoadedBootstrap, registry: ExtensionRegistry): Message {
  const { localInfo, message } = bootstrap;
  const json = nodeJson(schema(), {
    configured: message.node,
    localInfo,
    version: localInfo.version,
    extensions: builtInExtensions(registry),
  });
  return fromJson(schema().message("envoy.config.core.v3.Node"), json as JsonValue);
}
