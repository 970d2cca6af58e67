import type { ExtensionConfig, ExtensionDiscoveryConfig } from "../contracts/config/snapshot.ts";
import type {
  ExtensionFactory,
  HttpFilterFactory,
  PerRouteConfig,
} from "../contracts/extension.ts";
import type { Place } from "./problem.ts";

/** What parsing came across that has to be dealt with when all is read. */
export interface Found {
  /** In the order in which they were parsed: inner ones before the extension they are part of. */
  readonly extensions: FoundExtension[];
  readonly routeConfigs: FoundRouteConfig[];
  readonly discoveries: FoundDiscovery[];
  readonly references: FoundReference[];
}

export interface FoundExtension {
  readonly extension: ExtensionConfig;
  readonly factory: ExtensionFactory;
  readonly place: Place;
}

export interface FoundRouteConfig {
  readonly routeConfig: PerRouteConfig;
  readonly factory: HttpFilterFactory;
  readonly place: Place;
}

/** One filter that comes by discovery. */
export interface FoundDiscovery {
  readonly discovery: ExtensionDiscoveryConfig;
  /** The filter's name in its chain, which is the name of the resource. */
  readonly name: string;
  /** Whether it ends its chain, where terminal filters belong. */
  readonly last: boolean;
  readonly place: Place;
}

export interface FoundReference {
  readonly kind: "cluster";
  readonly name: string;
  readonly place: Place;
}

export function nothingFound(): Found {
  return { extensions: [], routeConfigs: [], discoveries: [], references: [] };
}
