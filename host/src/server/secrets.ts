import { fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import { systemRandom, systemTime } from "../common/time/clock.ts";
import { ThreadDispatcher } from "../common/time/dispatcher.ts";
import { schema } from "../config/schema.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Logger } from "../contracts/log.ts";
import { GrpcClient } from "../grpc/grpc-client.ts";
import type { SecretDiscovery } from "../xds/secret-discovery.ts";
import type { LoadedBootstrap } from "./bootstrap.ts";
import { builtInExtensions } from "./built-in-extensions.ts";
import type { Configuration } from "./configuration.ts";
import { nodeJson } from "./node-json.ts";

interface SecretsEnvironment {
  readonly configuration: Configuration;
  readonly registry: ExtensionRegistry;
  readonly logger: Logger;
}

/** What brings the secrets of the bootstrap; undefined when none comes by discovery. */
export async function discoverSecrets(
  bootstrap: LoadedBootstrap,
  environment: SecretsEnvironment,
): Promise<SecretDiscovery | undefined> {
  const { found, localInfo } = bootstrap;
  if (found.secrets.length === 0 && found.watchedFiles.length === 0) return undefined;
  const { configuration, registry, logger } = environment;
  const module = await import("../xds/secret-discovery.ts");
  const dispatcher = new ThreadDispatcher("main_thread");
  return new module.SecretDiscovery({
    found,
    own: configuration.secrets,
    registry,
    localInfo,
    logger,
    stats: configuration.stats.main,
    time: systemTime,
    random: systemRandom,
    node: () => nodeMessage(bootstrap, registry),
    grpcClient: async (service) => {
      const clusters = await configuration.clusters(bootstrap);
      const createTimer = dispatcher.createTimer.bind(dispatcher);
      return new GrpcClient(service, { clusters, createTimer, random: systemRandom });
    },
    warned: configuration.warned,
  });
}

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
