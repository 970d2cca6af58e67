import type { FilteredStream, HttpFilterChain } from "../../contracts/http/filter-chain.ts";
import type { HttpFilterInstances } from "../../contracts/http/filter.ts";
import type { Route } from "../../contracts/router/route.ts";
import type { ExtensionConfigProvider } from "../../contracts/runtime.ts";
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

/** Whether the last of the entries is the terminal filter, or that is added by whoever uses the chain. */
export type ChainEnd = "terminal" | "open";

/** The HTTP filters of a connection manager, or of upstream requests. */
export class FilterChain implements HttpFilterChain {
  readonly #entries: readonly FilterChainEntry[];
  /** Place of the terminal filter, which no route can turn off. */
  readonly #last: number;

  constructor(entries: readonly FilterChainEntry[], end: ChainEnd = "terminal") {
    this.#entries = entries;
    this.#last = end === "terminal" ? entries.length - 1 : entries.length;
  }

  dispose(): void {
    disposeEntries(this.#entries);
  }

  /** A later change of the route does not change the filters. */
  createFilters(manager: FilteredStream, route: Route | undefined): void {
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

/** Frees what the filters of a chain hold. */
export function disposeEntries(entries: readonly FilterChainEntry[]): void {
  for (const { instances, provider } of entries) {
    instances?.dispose?.();
    provider?.close();
  }
}

function isDisabled(entry: FilterChainEntry, route: Route | undefined): boolean {
  return route?.filterDisabled(entry.name) ?? entry.disabled;
}

/** False when there is no configuration. */
function createDiscovered(manager: FilteredStream, entry: FilterChainEntry): boolean {
  const generation = entry.provider?.current();
  if (generation === undefined) return false;
  manager.holdGeneration(generation);
  generation.instances.createFilters(manager);
  return true;
}
