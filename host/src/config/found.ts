import type { Message } from "@bufbuild/protobuf";
import type { ConfigSourceConfig } from "../contracts/config/config-source.ts";
import type { ExtensionConfig, ExtensionDiscoveryConfig } from "../contracts/config/snapshot.ts";
import type {
  ExtensionFactory,
  HttpFilterFactory,
  ParseContext,
  PerRouteConfig,
} from "../contracts/extension.ts";
import type { MaterialSlots, SecretKind, SecretMaterial } from "../contracts/secret.ts";
import type { Place } from "./problem.ts";

/** What parsing came across that has to be dealt with when all is read. */
export interface Found {
  /** In the order in which they were parsed: inner ones before the extension they are part of. */
  readonly extensions: FoundExtension[];
  readonly routeConfigs: FoundRouteConfig[];
  readonly discoveries: FoundDiscovery[];
  readonly references: FoundReference[];
  /** One for each key. */
  readonly secrets: FoundSecret[];
  readonly watchedFiles: FoundFiles[];
  readonly tlsContexts: MaterialSlots[];
  /** One for each key. */
  readonly routes: FoundRoutes[];
}

/** A route table that comes by discovery. */
export interface FoundRoutes {
  /** Of `RouteDiscoveryConfig` and `RouteUpdate`. */
  readonly key: string;
  readonly name: string;
  readonly source: ConfigSourceConfig;
  /** Of the first connection manager that names it. */
  readonly statPrefix: string;
  /** Reports what is wrong with a version. */
  readonly parse: (routes: Message, context: ParseContext) => unknown;
}

/** A secret that comes by discovery, as one kind of user sees it. */
export interface FoundSecret {
  /** Of `SecretSlot` and `SecretUpdate`. */
  readonly key: string;
  /** Equal where one subscription brings the secret. */
  readonly subscription: string;
  readonly kind: SecretKind;
  readonly name: string;
  readonly source: ConfigSourceConfig;
  /** Reports what is wrong with a version, and gives undefined then. */
  readonly parse: (secret: Message, context: ParseContext) => SecretMaterial | undefined;
}

/** A part of the configuration that names files, and is read again when a directory changes. */
export interface FoundFiles {
  readonly key: string;
  readonly directory: string;
  /** Where it stands in the configuration. */
  readonly path: string;
  readonly parse: (context: ParseContext) => SecretMaterial | undefined;
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

/** One extension that comes by discovery. */
export interface FoundDiscovery {
  readonly discovery: ExtensionDiscoveryConfig;
  /** The extension's name where it is configured, which is the name of the resource. */
  readonly name: string;
  readonly source: ConfigSourceConfig;
  readonly typeUrls: readonly string[];
  readonly applyDefaultConfigWithoutWarming: boolean;
  /** Whether it ends its filter chain, where terminal filters belong. */
  readonly last: boolean;
  readonly place: Place;
}

export interface FoundReference {
  readonly kind: "cluster";
  readonly name: string;
  readonly place: Place;
}

export function nothingFound(): Found {
  return {
    extensions: [],
    routeConfigs: [],
    discoveries: [],
    references: [],
    secrets: [],
    watchedFiles: [],
    tlsContexts: [],
    routes: [],
  };
}
