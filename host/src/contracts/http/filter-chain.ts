import type { Route } from "../router/route.ts";
import type { FilterGeneration } from "../runtime.ts";
import type { FilterChainFactoryCallbacks } from "./filter.ts";

/** The HTTP filters of one place, built once per worker; gives each stream its filters. */
export interface HttpFilterChain {
  /** `route`: the one that is known now; it may turn filters off. */
  createFilters(stream: FilteredStream, route: Route | undefined): void;
  /** No other stream will ask: frees the filters when the last that has them has ended. Called at most once. */
  retire?(): void;
}

/** Takes the filters of a stream. */
export interface FilteredStream extends FilterChainFactoryCallbacks {
  /** What is added from here on belongs to the filter of this name. */
  beginFilter(name: string): void;
  /** Keeps a version of a discovered filter alive until the stream is destroyed. */
  holdGeneration(generation: FilterGeneration): void;
}
