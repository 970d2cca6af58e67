import { ConfigContext } from "../config/context.ts";
import { nothingFound, type Found, type FoundRoutes } from "../config/found.ts";
import type { RouteConfiguration } from "../config/gen/envoy/config/route/v3/route_pb.ts";
import type { Model } from "../config/model.ts";
import { prepareAll, type PrepareContextFor } from "../config/prepare.ts";
import { formatProblem, formatProblems } from "../config/problem.ts";
import type { LocalInfo } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Result } from "../contracts/result.ts";
import type { RouteUpdate } from "../contracts/router/route-providers.ts";
import type { Counter, Gauge, StatsScope } from "../contracts/stats.ts";
import type { ArrivedResource, ResourceKind } from "./resource-source.ts";
import { ResourceSubscription, type ResourceEnvironment } from "./resource-subscription.ts";
import { controlPlaneState, UpdateStats } from "./update-stats.ts";

/** What all subscriptions to routes share. */
export interface RouteEnvironment extends ResourceEnvironment {
  readonly registry: ExtensionRegistry;
  readonly localInfo: LocalInfo;
  /** The root of all stats. */
  readonly stats: StatsScope;
  readonly prepareContextFor: PrepareContextFor;
  readonly hasCluster: (name: string) => boolean;
  /** Brings a new version to all workers or to none. */
  readonly apply: (updates: readonly RouteUpdate[]) => Promise<Result<unknown, string>>;
}

/** The version in force, for `/config_dump`. */
export interface CurrentRoutes {
  readonly version: string;
  readonly message: RouteConfiguration;
  /** Milliseconds since the epoch. */
  readonly lastUpdatedMs: number;
}

const routeKind: ResourceKind = {
  messageName: "envoy.config.route.v3.RouteConfiguration",
  service: "envoy.service.route.v3.RouteDiscoveryService",
  method: "StreamRoutes",
  word: "route configuration",
  lengthText: (_name, count) => `Unexpected RDS resource length: ${count}`,
  nameText: (expected, found) => `Unexpected RDS configuration (expecting ${expected}): ${found}`,
};

/** `http.<stat_prefix>.rds.<name>.`: Envoy's stats of a subscription to routes. */
class RouteStats extends UpdateStats {
  readonly configReload: Counter;
  readonly configReloadTime: Gauge;
  readonly updateEmpty: Counter;
  readonly connectedState: Gauge | undefined;

  constructor(root: StatsScope, statPrefix: string, name: string, byGrpc: boolean) {
    const scope = root.scope(`http.${statPrefix}.rds.${name}`);
    super(scope);
    this.configReload = scope.counter("config_reload");
    this.configReloadTime = scope.gauge("config_reload_time_ms");
    this.updateEmpty = scope.counter("update_empty");
    this.connectedState = byGrpc ? controlPlaneState(scope) : undefined;
  }
}

/** One route table, for all connection managers that name it in the same way. */
export class RouteSubscription {
  readonly #routes: FoundRoutes;
  readonly #environment: RouteEnvironment;
  readonly #stats: RouteStats;
  readonly #resource: ResourceSubscription<RouteConfiguration>;
  #lastUpdatedMs = 0;

  constructor(routes: FoundRoutes, environment: RouteEnvironment) {
    const { name, source, statPrefix } = routes;
    const byGrpc = source.specifier.kind === "grpc";
    this.#routes = routes;
    this.#environment = environment;
    this.#stats = new RouteStats(environment.stats, statPrefix, name, byGrpc);
    this.#resource = new ResourceSubscription({
      kind: routeKind,
      name,
      source,
      stats: this.#stats,
      environment,
      take: (arrived) => this.#take(arrived),
    });
  }

  /** Undefined: none has arrived. */
  get current(): CurrentRoutes | undefined {
    const { current } = this.#resource;
    return current && { ...current, lastUpdatedMs: this.#lastUpdatedMs };
  }

  /** See `ResourceSubscription.start`. */
  start(): Promise<undefined> {
    return this.#resource.start();
  }

  close(): void {
    this.#resource.close();
  }

  async #take({
    message,
    model,
  }: ArrivedResource<RouteConfiguration>): Promise<string | undefined> {
    const { time, apply } = this.#environment;
    const config = await this.#parse(message, model);
    if (model.problems.failed) return formatProblems(model.problems.errors);
    for (const warning of model.problems.warnings) {
      this.#environment.logger.warning(formatProblem(warning));
    }
    const applied = await apply([{ key: this.#routes.key, config }]);
    if (!applied.ok) return applied.error;
    this.#lastUpdatedMs = time.systemMs();
    this.#stats.configReload.inc();
    this.#stats.configReloadTime.set(Math.floor(this.#lastUpdatedMs));
    return undefined;
  }

  async #parse(message: RouteConfiguration, model: Model): Promise<unknown> {
    const { registry, localInfo, prepareContextFor } = this.#environment;
    const found = nothingFound();
    const context = new ConfigContext({ model, registry, localInfo, found });
    const config = this.#routes.parse(message, context);
    model.checkUnread();
    this.#checkReferences(found, model);
    if (!model.problems.failed) await prepareAll(found, prepareContextFor, model.problems);
    return config;
  }

  #checkReferences(found: Found, model: Model): void {
    for (const { name, place } of found.references) {
      if (this.#environment.hasCluster(name)) continue;
      model.problems.error(place, `route: unknown cluster '${name}'`);
    }
  }
}
