import type { FilterChainConfig } from "../contracts/config/snapshot.ts";
import type { NetworkFilterFactoryCb } from "../contracts/network/filter.ts";
import type { DownstreamTransportSockets } from "../contracts/network/transport-socket.ts";
import type { ActiveConnection } from "./active-connection.ts";
import { UserSet } from "./user-set.ts";

/** A filter chain on one worker, with the connections that it serves. */
export class FilterChainRuntime {
  readonly config: FilterChainConfig;
  readonly filters: readonly NetworkFilterFactoryCb[];
  /** Undefined: plain text. */
  readonly transportSockets: DownstreamTransportSockets | undefined;
  readonly connections = new UserSet<ActiveConnection>(() => this.#dispose());

  constructor(
    config: FilterChainConfig,
    filters: readonly NetworkFilterFactoryCb[],
    transportSockets: DownstreamTransportSockets | undefined,
  ) {
    this.config = config;
    this.filters = filters;
    this.transportSockets = transportSockets;
  }

  remove(connection: ActiveConnection): void {
    this.connections.leave(connection);
  }

  /** No more connections come. What the filters hold is let go when the last one has ended. */
  retire(): void {
    this.connections.retire();
  }

  #dispose(): void {
    for (const addFilters of this.filters) addFilters.dispose?.();
    this.transportSockets?.dispose?.();
  }
}
