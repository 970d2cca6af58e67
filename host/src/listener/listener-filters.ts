import { unreachable } from "../common/unreachable.ts";
import type { Address } from "../contracts/address.ts";
import type { ListenerFilterPredicate } from "../contracts/config/snapshot.ts";
import type { ListenerFilterFactoryCb } from "../contracts/network/listener-filter.ts";
import type { ActiveSocket } from "./active-socket.ts";
import { UserSet } from "./user-set.ts";

export interface ListenerFilterRuntime {
  readonly createFilter: ListenerFilterFactoryCb;
  readonly disabled: ListenerFilterPredicate | undefined;
}

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

  /** Gives a socket that was accepted for `destination` its filters; `remove` when they are through. */
  add(socket: ActiveSocket, destination: Address): void {
    this.sockets.add(socket);
    for (const { createFilter, disabled } of this.#filters) {
      if (disabled && predicateMatches(disabled, destination)) continue;
      createFilter((filter) => socket.addFilter(filter));
    }
  }

  remove(socket: ActiveSocket): void {
    this.sockets.leave(socket);
  }

  /** No more sockets come. What the filters hold is let go when they are through with the last one. */
  retire(): void {
    this.sockets.retire();
  }

  #dispose(): void {
    for (const { createFilter } of this.#filters) createFilter.dispose?.();
  }
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
