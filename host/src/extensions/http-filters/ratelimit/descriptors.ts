import type { RequestHeaderMap } from "../../../contracts/headers.ts";
import type { StreamFilterCallbacks } from "../../../contracts/http/filter.ts";
import type {
  RateLimitDescriptor,
  RateLimitedRequest,
  RateLimitPolicy,
} from "../../../contracts/router/rate-limit.ts";
import type { Route } from "../../../contracts/router/route.ts";
import { rateLimitPolicy } from "../../../router/rate-limits/rate-limit-policy.ts";
import type { RateLimitFilterConfig, RateLimitRouteConfig } from "./rate-limit-filter-config.ts";

type Stream = Pick<StreamFilterCallbacks, "route" | "streamInfo" | "mostSpecificPerFilterConfig">;

/** Chooses the limits that hold for a request, and makes their descriptors. */
export class Descriptors {
  readonly #config: RateLimitFilterConfig;
  readonly #own: RateLimitPolicy | undefined;
  readonly #localCluster: string;
  readonly #ofRoutes = new WeakMap<RateLimitRouteConfig, RateLimitPolicy | undefined>();

  /** `own`: of the filter. */
  constructor(
    config: RateLimitFilterConfig,
    own: RateLimitPolicy | undefined,
    localCluster: string,
  ) {
    this.#config = config;
    this.#own = own;
    this.#localCluster = localCluster;
  }

  domain(stream: Stream): string {
    return settingsOf(stream)?.domain || this.#config.domain;
  }

  /** `onStreamDone`: of the limits that count then, else of those that count at the request. */
  of(stream: Stream, headers: RequestHeaderMap, onStreamDone: boolean): RateLimitDescriptor[] {
    const route = stream.route();
    if (route?.routeEntry === undefined) return [];
    const { streamInfo } = stream;
    const request: RateLimitedRequest = {
      headers,
      streamInfo,
      route,
      localCluster: this.#localCluster,
    };
    const { stage } = this.#config;
    const settings = settingsOf(stream);
    const own = this.#ofRoute(settings) ?? this.#own;
    if (own !== undefined) return own.descriptors(stage, onStreamDone, request);
    const { rateLimits } = route.routeEntry;
    const descriptors = rateLimits?.descriptors(stage, onStreamDone, request) ?? [];
    if (!includesVirtualHost(route, settings)) return descriptors;
    const ofHost = route.virtualHostRateLimits?.descriptors(stage, onStreamDone, request);
    return ofHost === undefined ? descriptors : [...descriptors, ...ofHost];
  }

  #ofRoute(settings: RateLimitRouteConfig | undefined): RateLimitPolicy | undefined {
    if (settings === undefined || settings.rateLimits.length === 0) return undefined;
    if (!this.#ofRoutes.has(settings)) {
      this.#ofRoutes.set(settings, rateLimitPolicy(settings.rateLimits));
    }
    return this.#ofRoutes.get(settings);
  }
}

function settingsOf(stream: Stream): RateLimitRouteConfig | undefined {
  return stream.mostSpecificPerFilterConfig() as RateLimitRouteConfig | undefined;
}

function includesVirtualHost(route: Route, settings: RateLimitRouteConfig | undefined): boolean {
  const entry = route.routeEntry!;
  if (entry.includeVirtualHostRateLimits === true) return true;
  const option = settings?.virtualHost ?? "override";
  return option === "include" || (option === "override" && entry.rateLimits === undefined);
}
