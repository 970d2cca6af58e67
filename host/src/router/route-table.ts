import { HeaderId } from "../common/headers/header-id.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";
import type { Route, RouteTable } from "../contracts/router/route.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import { asciiLower } from "./matchers.ts";
import type {
  RouteActionConfig,
  RouteConfig,
  RouteTableConfig,
  VirtualHostConfig,
  WeightedClusterConfig,
} from "./route-config.ts";
import {
  DirectResponseEntryImpl,
  RouteEntryImpl,
  RouteImpl,
  type RouteSurroundings,
  TlsRedirectRoute,
} from "./route-entry.ts";
import { rateLimitPolicy } from "./rate-limits/rate-limit-policy.ts";
import { RouteMatch } from "./route-match.ts";

const tlsRedirect = new TlsRedirectRoute();

/** A routing table as plain data, made ready for requests. Everything that a request gets is made here. */
export function createRouteTable(config: RouteTableConfig): RouteTable {
  return new RouteTableImpl(config);
}

class RouteTableImpl implements RouteTable {
  readonly name: string;
  readonly internalOnlyHeaders: readonly string[];
  readonly #ignorePort: boolean;
  readonly #exact = new Map<string, VirtualHost>();
  /** `*.foo.com` without the star. */
  readonly #suffixes = new WildcardTable();
  /** `foo.*` without the star. */
  readonly #prefixes = new WildcardTable();
  #default: VirtualHost | undefined = undefined;
  readonly #onlyDefault: boolean;

  constructor(config: RouteTableConfig) {
    this.name = config.name;
    this.internalOnlyHeaders = config.internalOnlyHeaders;
    this.#ignorePort = config.ignorePortInHostMatching;
    for (const host of config.virtualHosts) this.#addHost(host, config);
    this.#onlyDefault = this.#exact.size === 0 && this.#suffixes.isEmpty && this.#prefixes.isEmpty;
  }

  route(headers: RequestHeaderMap, streamInfo: StreamInfo, random: number): Route | undefined {
    const authority = headers.getId(HeaderId.Authority);
    const path = headers.getId(HeaderId.Path) ?? "";
    // Only a CONNECT has none.
    if (path === "" && headers.getId(HeaderId.Method) !== "CONNECT") return undefined;
    const host = this.#onlyDefault ? this.#default : this.#findHost(authority);
    streamInfo.virtualHostMetadata = host?.metadata;
    return host?.route(headers, path, random);
  }

  #addHost(config: VirtualHostConfig, table: RouteTableConfig): void {
    const host = new VirtualHost(config, table);
    for (const domain of config.domains) {
      if (domain === "*") this.#default = host;
      else if (domain.startsWith("*")) this.#suffixes.add(domain.slice(1), host);
      else if (domain.endsWith("*")) this.#prefixes.add(domain.slice(0, -1), host);
      else this.#exact.set(domain, host);
    }
  }

  #findHost(authority: string | undefined): VirtualHost | undefined {
    if (authority === undefined) return undefined;
    const host = asciiLower(this.#ignorePort ? withoutPort(authority) : authority);
    return (
      this.#exact.get(host) ??
      this.#suffixes.findEnd(host) ??
      this.#prefixes.findStart(host) ??
      this.#default
    );
  }
}

/** Ends at the last colon, unless that is inside of an IPv6 literal. */
function withoutPort(host: string): string {
  const colon = host.lastIndexOf(":");
  return colon < 0 || host.lastIndexOf("]") > colon ? host : host.slice(0, colon);
}

/** Wildcard domains, longest first. The wildcard stands for at least one character. */
class WildcardTable {
  readonly #lengths: { readonly length: number; readonly hosts: Map<string, VirtualHost> }[] = [];

  get isEmpty(): boolean {
    return this.#lengths.length === 0;
  }

  add(text: string, host: VirtualHost): void {
    let entry = this.#lengths.find(({ length }) => length === text.length);
    if (entry === undefined) {
      entry = { length: text.length, hosts: new Map() };
      this.#lengths.push(entry);
      this.#lengths.sort((a, b) => b.length - a.length);
    }
    entry.hosts.set(text, host);
  }

  findEnd(name: string): VirtualHost | undefined {
    for (let i = 0; i < this.#lengths.length; i += 1) {
      const { length, hosts } = this.#lengths[i]!;
      if (length >= name.length) continue;
      const host = hosts.get(name.slice(name.length - length));
      if (host !== undefined) return host;
    }
    return undefined;
  }

  findStart(name: string): VirtualHost | undefined {
    for (let i = 0; i < this.#lengths.length; i += 1) {
      const { length, hosts } = this.#lengths[i]!;
      if (length >= name.length) continue;
      const host = hosts.get(name.slice(0, length));
      if (host !== undefined) return host;
    }
    return undefined;
  }
}

class VirtualHost {
  readonly metadata: VirtualHostConfig["metadata"];
  readonly #requireTls: VirtualHostConfig["requireTls"];
  readonly #routes: readonly RouteChoice[];

  constructor(config: VirtualHostConfig, table: RouteTableConfig) {
    const around: RouteSurroundings = {
      virtualHostName: config.name,
      virtualHostMetadata: config.metadata,
      rateLimits: rateLimitPolicy(config.rateLimits),
      includeRequestAttemptCount: config.includeRequestAttemptCount,
      includeAttemptCountInResponse: config.includeAttemptCountInResponse,
      mostSpecificHeaderMutationsWins: table.mostSpecificHeaderMutationsWins,
      levels: [config.level, table.level],
    };
    this.metadata = config.metadata;
    this.#requireTls = config.requireTls;
    this.#routes = config.routes.map((route) => new RouteChoice(route, around));
  }

  route(headers: RequestHeaderMap, path: string, random: number): Route | undefined {
    if (this.#requireTls !== "none" && this.#mustUseTls(headers)) return tlsRedirect;
    const query = path.indexOf("?");
    const pathEnd = query < 0 ? path.length : query;
    const routes = this.#routes;
    for (let i = 0; i < routes.length; i += 1) {
      const route = routes[i]!;
      if (route.match.match(headers, path, pathEnd, random)) return route.choose(headers, random);
    }
    return undefined;
  }

  #mustUseTls(headers: RequestHeaderMap): boolean {
    if (headers.getId(HeaderId.XForwardedProto) === "https") return false;
    return this.#requireTls === "all" || headers.getId(HeaderId.XEnvoyInternal) !== "true";
  }
}

/** A route with the variants that its weighted clusters make; without them there is one. */
class RouteChoice {
  readonly match: RouteMatch;
  readonly #only: RouteImpl | undefined;
  readonly #variants: readonly RouteImpl[];
  /** Sums of weights up to and with each variant. */
  readonly #ends: readonly number[];
  readonly #headerName: string;

  constructor(config: RouteConfig, around: RouteSurroundings) {
    this.match = new RouteMatch(config.match);
    const action = config.action;
    const weighted = action.kind === "route" && action.cluster.kind === "weighted";
    if (weighted && action.cluster.kind === "weighted") {
      const clusters = action.cluster.clusters;
      let sum = 0;
      this.#ends = clusters.map(({ weight }) => (sum += weight));
      this.#variants = clusters.map((cluster) => weightedRoute(config, action, around, cluster));
      this.#headerName = action.cluster.headerName;
      this.#only = undefined;
    } else {
      this.#ends = [];
      this.#variants = [];
      this.#headerName = "";
      this.#only = plainRoute(config, around);
    }
  }

  choose(headers: RequestHeaderMap, random: number): RouteImpl {
    if (this.#only !== undefined) return this.#only;
    const ends = this.#ends;
    const point = this.#point(headers, random, ends.at(-1)!);
    let i = 0;
    while (point >= ends[i]!) i += 1;
    return this.#variants[i]!;
  }

  /** Where in [0, total) the request falls: by its random value, or by the number in a header. */
  #point(headers: RequestHeaderMap, random: number, total: number): number {
    const text = this.#headerName === "" ? undefined : headers.get(this.#headerName);
    // Numbers of 64 bits, as Envoy has them; what is no number leaves it to chance.
    if (text === undefined || !/^[0-9]{1,20}$/.test(text)) return random % total;
    const number = BigInt(text);
    return number < 2n ** 64n ? Number(number % BigInt(total)) : random % total;
  }
}

function plainRoute(config: RouteConfig, around: RouteSurroundings): RouteImpl {
  const route = new RouteImpl(config, around, [config.level, ...around.levels], false);
  const matchedLength = config.match.path.value.length;
  const action = config.action;
  if (action.kind === "direct_response") {
    route.directResponse = new DirectResponseEntryImpl(action, matchedLength);
  } else if (action.cluster.kind !== "weighted") {
    const { cluster } = action;
    const mutations = route.requestMutations;
    const variant = {
      cluster,
      hostRewriteLiteral: "",
      mutations,
      weightedMutations: 0,
      matchedLength,
    };
    route.routeEntry = new RouteEntryImpl(action, around, variant);
  }
  return route;
}

function weightedRoute(
  config: RouteConfig,
  action: RouteActionConfig,
  around: RouteSurroundings,
  weighted: WeightedClusterConfig,
): RouteImpl {
  const levels = [weighted.level, config.level, ...around.levels];
  const route = new RouteImpl(config, around, levels, true);
  route.routeEntry = new RouteEntryImpl(action, around, {
    cluster: weighted.cluster,
    hostRewriteLiteral: weighted.hostRewriteLiteral,
    mutations: route.requestMutations,
    weightedMutations: route.weightedRequestMutations,
    matchedLength: config.match.path.value.length,
  });
  return route;
}
