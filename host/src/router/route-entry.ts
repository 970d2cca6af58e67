import { HeaderId } from "../common/headers/header-id.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../contracts/headers.ts";
import type { RateLimitPolicy } from "../contracts/router/rate-limit.ts";
import type { DirectResponseEntry, Route, RouteEntry } from "../contracts/router/route.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import { HeaderMutations } from "./header-mutations.ts";
import { rateLimitPolicy } from "./rate-limits/rate-limit-policy.ts";
import { redirectUri } from "./redirect.ts";
import type {
  ClusterSpecifierConfig,
  DirectResponseConfig,
  HostRewriteConfig,
  LevelConfig,
  Metadata,
  RouteActionConfig,
} from "./route-config.ts";

/** The part of a route that its virtual host and table decide. */
export interface RouteSurroundings {
  readonly virtualHostName: string;
  readonly virtualHostMetadata: Metadata;
  /** Undefined: none. */
  readonly rateLimits: RateLimitPolicy | undefined;
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly mostSpecificHeaderMutationsWins: boolean;
  /** Virtual host, then table. */
  readonly levels: readonly LevelConfig[];
}

const noConfigs: readonly unknown[] = [];

/** A matched route, or a weighted cluster of one. Made once for the table; asked by every stream. */
export class RouteImpl implements Route {
  readonly name: string;
  readonly virtualHostName: string;
  readonly metadata: Metadata;
  readonly virtualHostMetadata: Metadata;
  readonly virtualHostRateLimits: RateLimitPolicy | undefined;
  routeEntry: RouteEntryImpl | undefined = undefined;
  directResponse: DirectResponseEntry | undefined = undefined;
  readonly requestMutations: readonly HeaderMutations[];
  /** How many of the request mutations are a weighted cluster's. */
  readonly weightedRequestMutations: number;
  readonly #responseMutations: readonly HeaderMutations[];
  readonly #responseMutationsRead: boolean;
  readonly #configs = new Map<string, unknown[]>();
  readonly #disabled = new Map<string, boolean>();

  /** `levels`: from the most to the least specific; `weighted` when the first is a weighted cluster's. */
  constructor(
    route: { readonly name: string; readonly metadata: Metadata },
    around: RouteSurroundings,
    levels: readonly LevelConfig[],
    weighted: boolean,
  ) {
    this.name = route.name;
    this.metadata = route.metadata;
    this.virtualHostName = around.virtualHostName;
    this.virtualHostMetadata = around.virtualHostMetadata;
    this.virtualHostRateLimits = around.rateLimits;
    const ordered = mutationOrder(levels, weighted, around.mostSpecificHeaderMutationsWins);
    this.requestMutations = mutationsOf(ordered.map((level) => level.request));
    this.weightedRequestMutations = weighted ? mutationsOf([levels[0]!.request]).length : 0;
    this.#responseMutations = mutationsOf(ordered.map((level) => level.response));
    this.#responseMutationsRead = this.#responseMutations.some((mutations) => mutations.reads);
    for (const level of levels) this.#addPerFilter(level);
  }

  perFilterConfig(filterName: string): unknown {
    return this.#configs.get(filterName)?.at(-1);
  }

  perFilterConfigs(filterName: string): readonly unknown[] {
    return this.#configs.get(filterName) ?? noConfigs;
  }

  filterDisabled(filterName: string): boolean | undefined {
    return this.#disabled.get(filterName);
  }

  finalizeResponseHeaders(headers: ResponseHeaderMap, streamInfo: StreamInfo): void {
    const mutations = this.#responseMutations;
    // Operators such as %RESP(x)% look into the map that is being finished.
    if (this.#responseMutationsRead) streamInfo.responseHeaders = headers;
    for (let i = 0; i < mutations.length; i += 1) mutations[i]!.apply(headers, streamInfo);
  }

  /** Called with the most specific level first. */
  #addPerFilter(level: LevelConfig): void {
    for (const entry of level.perFilter) {
      if (!this.#disabled.has(entry.filterName)) {
        this.#disabled.set(entry.filterName, entry.disabled);
      }
      if (entry.messageName === "") continue;
      const configs = this.#configs.get(entry.filterName);
      if (configs === undefined) this.#configs.set(entry.filterName, [entry.config]);
      else configs.unshift(entry.config);
    }
  }
}

/** A weighted cluster's own mutations always come first. */
function mutationOrder(
  levels: readonly LevelConfig[],
  weighted: boolean,
  mostSpecificWins: boolean,
): readonly LevelConfig[] {
  if (!mostSpecificWins) return levels;
  const own = weighted ? 1 : 0;
  return [...levels.slice(0, own), ...levels.slice(own).reverse()];
}

function mutationsOf(configs: readonly LevelConfig["request"][]): readonly HeaderMutations[] {
  return configs.map((config) => new HeaderMutations(config)).filter((each) => !each.isEmpty);
}

/** How the `route` action of one variant forwards. */
export class RouteEntryImpl implements RouteEntry {
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | undefined;
  readonly clusterNotFoundCode: number;
  readonly priority: "default" | "high";
  readonly upgrades: RouteEntry["upgrades"];
  readonly streamDuration: RouteEntry["streamDuration"];
  readonly grpcTimeout: RouteEntry["grpcTimeout"];
  readonly includeAttemptCountInRequest: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly requestBodyBufferLimit = undefined;
  readonly rateLimits: RateLimitPolicy | undefined;
  readonly includeVirtualHostRateLimits: boolean;
  readonly #cluster: Exclude<ClusterSpecifierConfig, { kind: "weighted" }>;
  readonly #mutations: readonly HeaderMutations[];
  readonly #weightedHost: string;
  /** How many mutations come before the weighted cluster's host is set. */
  readonly #beforeWeightedHost: number;
  readonly #hostRewrite: HostRewriteConfig | undefined;
  readonly #appendXForwardedHost: boolean;
  readonly #prefixRewrite: string;
  readonly #matchedLength: number;
  readonly #changesNothing: boolean;

  constructor(
    action: RouteActionConfig,
    around: RouteSurroundings,
    variant: {
      readonly cluster: Exclude<ClusterSpecifierConfig, { kind: "weighted" }>;
      readonly hostRewriteLiteral: string;
      readonly mutations: readonly HeaderMutations[];
      /** How many of them are the weighted cluster's. */
      readonly weightedMutations: number;
      /** Length of what the path matcher matched. */
      readonly matchedLength: number;
    },
  ) {
    this.timeoutMs = action.timeoutMs;
    this.idleTimeoutMs = action.idleTimeoutMs;
    this.clusterNotFoundCode = action.clusterNotFoundCode;
    this.priority = action.priority;
    this.upgrades = action.upgrades;
    this.streamDuration = action.streamDuration;
    this.grpcTimeout = action.grpcTimeout;
    this.rateLimits = rateLimitPolicy(action.rateLimits);
    this.includeVirtualHostRateLimits = action.includeVirtualHostRateLimits;
    this.includeAttemptCountInRequest = around.includeRequestAttemptCount;
    this.includeAttemptCountInResponse = around.includeAttemptCountInResponse;
    this.#cluster = variant.cluster;
    this.#mutations = variant.mutations;
    this.#weightedHost = variant.hostRewriteLiteral;
    this.#beforeWeightedHost = variant.weightedMutations;
    this.#hostRewrite = action.hostRewrite;
    this.#appendXForwardedHost = action.appendXForwardedHost;
    this.#prefixRewrite = action.prefixRewrite;
    this.#matchedLength = variant.matchedLength;
    this.#changesNothing =
      this.#mutations.length === 0 &&
      this.#weightedHost === "" &&
      this.#hostRewrite === undefined &&
      this.#prefixRewrite === "";
  }

  clusterName(headers: RequestHeaderMap): string | undefined {
    return this.#cluster.kind === "cluster"
      ? this.#cluster.name
      : headers.get(this.#cluster.header);
  }

  finalizeRequestHeaders(
    headers: RequestHeaderMap,
    streamInfo: StreamInfo,
    keepOriginals: boolean,
  ): void {
    if (this.#changesNothing) return;
    const mutations = this.#mutations;
    for (let i = 0; i <= mutations.length; i += 1) {
      if (i === this.#beforeWeightedHost && this.#weightedHost !== "") {
        headers.setId(HeaderId.Authority, this.#weightedHost);
      }
      if (i < mutations.length) mutations[i]!.apply(headers, streamInfo);
    }
    if (this.#hostRewrite !== undefined) this.#rewriteHost(headers, keepOriginals);
    if (this.#prefixRewrite !== "") {
      rewritePrefix(headers, this.#matchedLength, this.#prefixRewrite, keepOriginals);
    }
  }

  #rewriteHost(headers: RequestHeaderMap, keepOriginals: boolean): void {
    const rewrite = this.#hostRewrite!;
    const host = rewrite.kind === "literal" ? rewrite.value : headers.get(rewrite.name);
    if (host === undefined || host === "") return;
    const old = headers.getId(HeaderId.Authority) ?? "";
    if (old !== "" && keepOriginals) headers.setId(HeaderId.XEnvoyOriginalHost, old);
    if (old !== "" && this.#appendXForwardedHost) appendForwardedHost(headers, old);
    headers.setId(HeaderId.Authority, host);
  }
}

/** Appends `host` to x-forwarded-host unless it is the last one there. */
function appendForwardedHost(headers: RequestHeaderMap, host: string): void {
  const forwarded = headers.getId(HeaderId.XForwardedHost);
  if (forwarded?.slice(forwarded.lastIndexOf(",") + 1) === host) return;
  headers.append("x-forwarded-host", host);
}

/** Puts `replacement` in the place of the first `length` characters of the path. */
function rewritePrefix(
  headers: RequestHeaderMap,
  length: number,
  replacement: string,
  keepOriginal: boolean,
): void {
  const path = headers.getId(HeaderId.Path);
  if (path === undefined) return;
  if (keepOriginal) headers.setId(HeaderId.XEnvoyOriginalPath, path);
  headers.setId(HeaderId.Path, replacement + path.slice(length));
}

/** The `redirect` and `direct_response` actions. */
export class DirectResponseEntryImpl implements DirectResponseEntry {
  readonly code: number;
  readonly body: string;
  readonly isRedirect: boolean;
  readonly #config: DirectResponseConfig;
  readonly #matchedLength: number;

  constructor(config: DirectResponseConfig, matchedLength: number) {
    this.#config = config;
    this.#matchedLength = matchedLength;
    this.code = config.code;
    this.body = config.body;
    this.isRedirect = config.redirect !== undefined;
  }

  rewritePath(headers: RequestHeaderMap, keepOriginal: boolean): void {
    const prefix = this.#config.redirect?.prefixRewrite ?? "";
    if (prefix !== "") rewritePrefix(headers, this.#matchedLength, prefix, keepOriginal);
  }

  newUri(headers: RequestHeaderMap): string | undefined {
    const says = this.code === 201 || (this.code >= 300 && this.code < 400);
    return says ? redirectUri(headers, this.#config.redirect) : undefined;
  }
}

/** What `require_tls` answers with: the same URI with https, and no mutations of any level. */
export class TlsRedirectRoute implements Route, DirectResponseEntry {
  readonly name = "";
  readonly virtualHostName = "";
  readonly metadata: Metadata = {};
  readonly virtualHostMetadata: Metadata = {};
  readonly routeEntry = undefined;
  readonly directResponse: DirectResponseEntry = this;
  readonly code = 301;
  readonly body = "";
  readonly isRedirect = true;

  perFilterConfig(): unknown {
    return undefined;
  }

  perFilterConfigs(): readonly unknown[] {
    return noConfigs;
  }

  filterDisabled(): boolean | undefined {
    return undefined;
  }

  finalizeResponseHeaders(): void {
    // Nothing configured reaches this route.
  }

  rewritePath(): void {
    // The path stays.
  }

  newUri(headers: RequestHeaderMap): string | undefined {
    const path = headers.getId(HeaderId.Path);
    if (path === undefined) return undefined;
    return `https://${headers.getId(HeaderId.Authority) ?? ""}${path}`;
  }
}
