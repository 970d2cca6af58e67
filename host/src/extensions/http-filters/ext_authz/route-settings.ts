import type { AuthServiceConfig, BodyConfig, ExtAuthzRouteConfig } from "./ext-authz-config.ts";

/** What the route says about its requests' checks. */
export interface RouteSettings {
  readonly disabled: boolean;
  readonly contextExtensions: ReadonlyMap<string, string>;
  /** Undefined: the service is told nothing of the body. */
  readonly body: BodyConfig | undefined;
  /** Undefined: the filter's. */
  readonly service: AuthServiceConfig | undefined;
}

const noExtensions: ReadonlyMap<string, string> = new Map();

/**
 * Of all levels, least specific first: extensions are put together, all else is the most specific one's.
 * `body`: the filter's own.
 */
export function routeSettings(
  levels: readonly unknown[],
  body: BodyConfig | undefined,
): RouteSettings {
  if (levels.length === 0) {
    return { disabled: false, contextExtensions: noExtensions, body, service: undefined };
  }
  const configs = levels as readonly ExtAuthzRouteConfig[];
  const last = configs.at(-1)!;
  return {
    disabled: last.disabled,
    contextExtensions:
      configs.length === 1
        ? last.contextExtensions
        : new Map(configs.flatMap(({ contextExtensions }) => [...contextExtensions])),
    body: last.disableBody ? undefined : (last.body ?? body),
    service: last.service,
  };
}
