import type {
  RouteProvider,
  RouteProviders,
  RouteUpdate,
} from "../contracts/router/route-providers.ts";
import type { RouteTable } from "../contracts/router/route.ts";
import type { RouteTableConfig } from "../router/route-config.ts";
import type { StagedUpdate } from "./worker-runtime.ts";

class Provider implements RouteProvider {
  current: RouteTable | undefined = undefined;
}

/** The route tables of one worker that come by discovery. `stage` builds the next ones, `commit` switches to them. */
export class LiveRoutes implements RouteProviders {
  readonly #providers = new Map<string, Provider>();

  get(key: string): Provider {
    let provider = this.#providers.get(key);
    if (provider === undefined) this.#providers.set(key, (provider = new Provider()));
    return provider;
  }

  async stage(updates: readonly RouteUpdate[]): Promise<StagedUpdate> {
    if (updates.length === 0) return nothing;
    const { createRouteTable } = await import("../router/route-table.ts");
    const built = updates.map(({ key, config }) => ({
      provider: this.get(key),
      table: createRouteTable(config as RouteTableConfig),
    }));
    return {
      commit: () => {
        for (const { provider, table } of built) provider.current = table;
      },
      abort: () => undefined,
    };
  }
}

const nothing: StagedUpdate = { commit: () => undefined, abort: () => undefined };
