import type { FilterChainConfig } from "../contracts/config/snapshot.ts";
import type { Connection } from "../contracts/network/connection.ts";
import type { NetworkFilterFactoryCb } from "../contracts/network/filter.ts";
import type { DownstreamTransportSockets } from "../contracts/network/transport-socket.ts";
import type { ExtensionConfigProvider } from "../contracts/runtime.ts";
import type { ActiveConnection } from "./active-connection.ts";
import type { HeldGenerations } from "./held-generations.ts";
import { UserSet } from "./user-set.ts";

/** A filter of a chain: made at once, or one that comes by discovery. */
export type ChainFilter =
  | { readonly addFilters: NetworkFilterFactoryCb; readonly provider: undefined }
  | {
      readonly addFilters: undefined;
      readonly provider: ExtensionConfigProvider<NetworkFilterFactoryCb>;
    };

/** A filter chain on one worker, with the connections that it serves. */
export class FilterChainRuntime {
  readonly config: FilterChainConfig;
  /** Undefined: plain text. */
  readonly transportSockets: DownstreamTransportSockets | undefined;
  readonly connections = new UserSet<ActiveConnection>(() => this.#dispose());
  /** Whether its connections hold generations of filters. */
  readonly hasDiscovered: boolean;
  readonly #filters: readonly ChainFilter[];

  constructor(
    config: FilterChainConfig,
    filters: readonly ChainFilter[],
    transportSockets: DownstreamTransportSockets | undefined,
  ) {
    this.config = config;
    this.hasDiscovered = config.filters.some((filter) => "discovery" in filter);
    this.#filters = filters;
    this.transportSockets = transportSockets;
  }

  /** Adds the filters to a connection, up to one whose configuration has not come: false then. */
  createFilters(connection: Connection, held: HeldGenerations | undefined): boolean {
    for (let i = 0; i < this.#filters.length; i += 1) {
      const { addFilters, provider } = this.#filters[i]!;
      if (addFilters !== undefined) {
        addFilters(connection);
        continue;
      }
      const generation = provider.current();
      if (generation === undefined) return false;
      held?.hold(generation);
      generation.instances(connection);
    }
    return true;
  }

  remove(connection: ActiveConnection): void {
    this.connections.leave(connection);
  }

  /** No more connections come. What the filters hold is let go when the last one has ended. */
  retire(): void {
    this.connections.retire();
  }

  #dispose(): void {
    for (const { addFilters, provider } of this.#filters) {
      addFilters?.dispose?.();
      provider?.close();
    }
    this.transportSockets?.dispose?.();
  }
}
