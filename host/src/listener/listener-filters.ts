import { unreachable } from "../common/unreachable.ts";
import type { Address } from "../contracts/address.ts";
import type { ListenerFilterPredicate } from "../contracts/config/snapshot.ts";
import type { ListenerFilterFactoryCb } from "../contracts/network/listener-filter.ts";
import type { ExtensionConfigProvider } from "../contracts/runtime.ts";
import type { ActiveSocket } from "./active-socket.ts";
import { HeldGenerations } from "./held-generations.ts";
import { UserSet } from "./user-set.ts";

/** A filter that was made at once, or one that comes by discovery. */
export type ListenerFilterRuntime = {
  readonly disabled: ListenerFilterPredicate | undefined;
} & (
  | { readonly createFilter: ListenerFilterFactoryCb; readonly provider: undefined }
  | {
      readonly createFilter: undefined;
      readonly provider: ExtensionConfigProvider<ListenerFilterFactoryCb>;
    }
);

/** The listener filters of one version of a listener on one worker, with the sockets that they look at. */
export class ListenerFilters {
  readonly sockets = new UserSet<ActiveSocket>(() => this.#dispose());
  readonly #filters: readonly ListenerFilterRuntime[];

  constructor(filters: readonly ListenerFilterRuntime[]) {
    this.#filters = filters;
  }

  get isEmpty(): boolean {
    return this.#filters.length === 0;
  }

  /**
   * Gives a socket that was accepted for `destination` its filters; `remove` when they are through. False: the
   * configuration of one has not come; it is missed even where the filter would be skipped, as in Envoy.
   */
  add(socket: ActiveSocket, destination: Address): boolean {
    this.sockets.add(socket);
    for (const { createFilter, provider, disabled } of this.#filters) {
      const create = createFilter ?? discoveredFor(socket, provider);
      if (create === undefined) return false;
      if (disabled && predicateMatches(disabled, destination)) continue;
      create((filter) => socket.addFilter(filter));
    }
    return true;
  }

  remove(socket: ActiveSocket): void {
    socket.held?.release();
    this.sockets.leave(socket);
  }

  /** No more sockets come. What the filters hold is let go when they are through with the last one. */
  retire(): void {
    this.sockets.retire();
  }

  #dispose(): void {
    for (const { createFilter, provider } of this.#filters) {
      createFilter?.dispose?.();
      provider?.close();
    }
  }
}

/** The version of the moment, which the socket keeps alive. */
function discoveredFor(
  socket: ActiveSocket,
  provider: ExtensionConfigProvider<ListenerFilterFactoryCb>,
): ListenerFilterFactoryCb | undefined {
  const generation = provider.current();
  if (generation === undefined) return undefined;
  socket.held ??= new HeldGenerations(() => socket.close());
  socket.held.hold(generation);
  return generation.instances;
}

/** True when a listener filter is to be skipped for a connection to `destination`. */
function predicateMatches(predicate: ListenerFilterPredicate, destination: Address): boolean {
  switch (predicate.kind) {
    case "any":
      return true;
    case "not":
      return !predicateMatches(predicate.rule, destination);
    case "and":
      return predicate.rules.every((rule) => predicateMatches(rule, destination));
    case "or":
      return predicate.rules.some((rule) => predicateMatches(rule, destination));
    case "destination_port":
      return (
        destination.kind === "ip" &&
        destination.port >= predicate.start &&
        destination.port < predicate.end
      );
    default:
      return unreachable(predicate);
  }
}
