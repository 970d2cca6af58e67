import type { FoundRoutes } from "../config/found.ts";
import type { RouteUpdate } from "../contracts/router/route-providers.ts";
import {
  RouteSubscription,
  type CurrentRoutes,
  type RouteEnvironment,
} from "./route-subscription.ts";
import { UnknownFields } from "./unknown-fields.ts";
import { UpdateGate, type ApplyUpdate } from "./update-gate.ts";

export interface RouteDiscoveryOptions extends Omit<RouteEnvironment, "apply" | "onUnknownField"> {
  /** One for each key. */
  readonly routes: readonly FoundRoutes[];
}

/** The route tables that come by discovery (RDS); used as `SecretDiscovery`. */
export class RouteDiscovery {
  readonly #subscriptions: readonly RouteSubscription[];
  readonly #gate = new UpdateGate<RouteUpdate>({
    keyOf: ({ key }) => key,
    snapshotOf: (routes) => ({ routes }),
  });

  constructor(options: RouteDiscoveryOptions) {
    const unknownFields = new UnknownFields(options.logger, options.stats);
    const environment: RouteEnvironment = {
      ...options,
      apply: (updates) => this.#gate.apply(updates),
      onUnknownField: (place, text) => unknownFields.onField(place, text),
    };
    this.#subscriptions = options.routes.map(
      (routes) => new RouteSubscription(routes, environment),
    );
  }

  /** Subscribes. Settles when each table has arrived, was refused, or took too long. */
  async warm(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.start()));
  }

  /** What has arrived so far, for the first snapshot. What comes later waits for `goLive`. */
  takeInitial(): readonly RouteUpdate[] {
    return this.#gate.takeInitial();
  }

  /** The first snapshot is in force: from here on versions are brought to the workers. */
  goLive(apply: ApplyUpdate): void {
    this.#gate.goLive(apply);
  }

  /** The tables in force, in the order of their names. */
  current(): readonly CurrentRoutes[] {
    return this.#subscriptions
      .map((subscription) => subscription.current)
      .filter((current) => current !== undefined)
      .sort((a, b) => (a.message.name < b.message.name ? -1 : 1));
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }
}
