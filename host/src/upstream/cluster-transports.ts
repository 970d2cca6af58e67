import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { UpstreamTransportSockets } from "../contracts/network/transport-socket.ts";
import type { ClusterContext } from "../contracts/runtime.ts";
import type { StatsScope } from "../contracts/stats.ts";
import { messageNameOfTypeUrl } from "../common/type-url.ts";

/** What clusters take from the thread that they are on. */
type TransportEnvironment = Omit<ClusterContext, "clusterScope"> & { readonly stats: StatsScope };

/** Makes what the connections of a cluster are encrypted with; undefined: they are plain. */
export async function createTransportSockets(
  { observabilityName, transportSocket }: ClusterConfig,
  environment: TransportEnvironment,
  registry: ExtensionRegistry,
): Promise<UpstreamTransportSockets | undefined> {
  if (transportSocket === undefined) return undefined;
  const { typeUrl, config } = transportSocket;
  const factory = registry.upstreamTransportSocket(messageNameOfTypeUrl(typeUrl));
  if (factory === undefined) throw new Error(`no transport socket for ${typeUrl}`);
  const { loggers, secrets, stats } = environment;
  const clusterScope = stats.scope(`cluster.${observabilityName}`);
  return factory.createTransportSockets(config, { clusterScope, loggers, secrets });
}
