import type { HttpFilterInstances } from "../../contracts/http/filter.ts";
import type { Route } from "../../contracts/router/route.ts";
import type { ExtensionConfigProvider } from "../../contracts/runtime.ts";
import type { FilterManager } from "./filter-manager.ts";
import { MissingConfigFilter } from "./missing-config-filter.ts";

/** One place of a filter chain: a filter with its configuration, or one whose configuration is discovered. */
export interface FilterChainEntry {
  readonly name: string;
  /** Off unless a route turns it on. */
  readonly disabled: boolean;
  /** Exactly one of the two is set. */
  readonly instances: HttpFilterInstances | undefined;
  readonly provider: ExtensionConfigProvider | undefined;
}

/** The HTTP filters of a connection manager, built once per worker; gives each stream its filters. */
export class FilterChain {
  readonly #entries: readonly FilterChainEntry[];
  /** The terminal filter, which no route can turn off. */
  readonly #last: number;

  constructor(entries: readonly FilterChainEntry[]) {
    this.#entries = entries;
    this.#last = entries.length - 1;
  }

  /** `route`: the one that is known now; a later change of the route does not change the filters. */
  createFilters(manager: FilterManager, route: Route | undefined): void {
    let missing = false;
    for (let i = 0; i < this.#entries.length; i += 1) {
      const entry = this.#entries[i]!;
      if (i !== this.#last && isDisabled(entry, route)) continue;
      manager.beginFilter(entry.name);
      if (entry.instances !== undefined) {
        entry.instances.createFilters(manager);
      } else if (!createDiscovered(manager, entry) && !missing) {
        missing = true;
        manager.addStreamDecoderFilter(new MissingConfigFilter());
      }
    }
  }
}

function isDisabled(entry: FilterChainEntry, route: Route | undefined): boolean {
  return route?.filterDisabled(entry.name) ?? entry.disabled;
}

/** False when there is no configuration. */
function createDiscovered(manager: FilterManager, entry: FilterChainEntry): boolean {
  const generation = entry.provider?.current();
  if (generation === undefined) return false;
  manager.holdGeneration(generation);
  generation.instances.createFilters(manager);
  return true;
}
