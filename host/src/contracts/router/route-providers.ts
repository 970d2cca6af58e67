import type { RouteTable } from "./route.ts";

/** The route tables of one worker that come by discovery. */
export interface RouteProviders {
  /** `key`: of `RouteDiscoveryConfig`. */
  get(key: string): RouteProvider;
}

/** The version of a route table that is in force: new streams use it, those in flight keep theirs. */
export interface RouteProvider {
  /** Undefined: none has arrived; no request has a route. */
  readonly current: RouteTable | undefined;
}

/** `Rds`, as a connection manager's plain data. */
export interface RouteDiscoveryConfig {
  /** Names the subscription: equal keys share one. */
  readonly key: string;
}

/** A new version of the route table of this key. */
export interface RouteUpdate {
  readonly key: string;
  /** What the parser of the connection manager that asked gave. */
  readonly config: unknown;
}
