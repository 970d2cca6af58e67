import type { ClusterConfig, ExtensionConfig } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { UpstreamTransportSockets } from "../contracts/network/transport-socket.ts";
import type { ClusterContext } from "../contracts/runtime.ts";
import type { StatsScope } from "../contracts/stats.ts";
import { messageNameOfTypeUrl } from "../common/type-url.ts";

/** What clusters take from the thread that they are on. */
type TransportEnvironment = Omit<ClusterContext, "clusterScope"> & { readonly stats: StatsScope };

/** What the connections of a cluster are encrypted with, by the match of their host. */
export class ClusterTransports {
  readonly #usual: UpstreamTransportSockets | undefined;
  readonly #matches: readonly (UpstreamTransportSockets | undefined)[];

  constructor(
    usual: UpstreamTransportSockets | undefined,
    matches: readonly (UpstreamTransportSockets | undefined)[],
  ) {
    this.#usual = usual;
    this.#matches = matches;
  }

  /** Undefined: plain text. */
  of(match: number | undefined): UpstreamTransportSockets | undefined {
    return match === undefined ? this.#usual : this.#matches[match];
  }

  dispose(): void {
    this.#usual?.dispose?.();
    for (const sockets of this.#matches) sockets?.dispose?.();
  }
}

/** Undefined: all connections of the cluster are plain. */
export async function createClusterTransports(
  cluster: ClusterConfig,
  environment: TransportEnvironment,
  registry: ExtensionRegistry,
): Promise<ClusterTransports | undefined> {
  const { transportSocket, transportSocketMatches = [], observabilityName } = cluster;
  if (transportSocket === undefined && transportSocketMatches.length === 0) return undefined;
  const { loggers, secrets, stats } = environment;
  const clusterScope = stats.scope(`cluster.${observabilityName}`);
  const context = { clusterScope, loggers, secrets };
  const usual = await createSockets(transportSocket, context, registry);
  const matches: (UpstreamTransportSockets | undefined)[] = [];
  for (const match of transportSocketMatches) {
    matches.push(await createSockets(match.transportSocket, context, registry));
  }
  return new ClusterTransports(usual, matches);
}

async function createSockets(
  extension: ExtensionConfig | undefined,
  context: ClusterContext,
  registry: ExtensionRegistry,
): Promise<UpstreamTransportSockets | undefined> {
  if (extension === undefined) return undefined;
  const factory = registry.upstreamTransportSocket(messageNameOfTypeUrl(extension.typeUrl));
  if (factory === undefined) throw new Error(`no transport socket for ${extension.typeUrl}`);
  return factory.createTransportSockets(extension.config, context);
}
