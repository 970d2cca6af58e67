import type { Counter, StatsScope } from "../contracts/stats.ts";
import { UpdateStats } from "./update-stats.ts";

/** `extension_config_discovery.<category>.<name>.`: Envoy's stats of a subscription to an extension. */
export class SubscriptionStats extends UpdateStats {
  readonly configConflict: Counter;
  readonly configFail: Counter;
  readonly configReload: Counter;

  constructor(root: StatsScope, category: string, filterName: string) {
    const scope = root.scope(`extension_config_discovery.${category}.${filterName}`);
    super(scope);
    this.configConflict = scope.counter("config_conflict");
    this.configFail = scope.counter("config_fail");
    this.configReload = scope.counter("config_reload");
  }
}
