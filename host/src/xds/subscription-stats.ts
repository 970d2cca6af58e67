import type { Counter, Gauge, StatsScope } from "../contracts/stats.ts";
import { controlPlaneState, UpdateStats } from "./update-stats.ts";

/** `extension_config_discovery.<category>.<name>.`: Envoy's stats of a subscription to an extension. */
export class SubscriptionStats extends UpdateStats {
  readonly configConflict: Counter;
  readonly configFail: Counter;
  readonly configReload: Counter;
  /** 1 while the stream to the control plane is open. Absent for files. */
  readonly connectedState: Gauge | undefined;

  constructor(root: StatsScope, category: string, name: string, byGrpc: boolean) {
    const scope = root.scope(`extension_config_discovery.${category}.${name}`);
    super(scope);
    this.configConflict = scope.counter("config_conflict");
    this.configFail = scope.counter("config_fail");
    this.configReload = scope.counter("config_reload");
    this.connectedState = byGrpc ? controlPlaneState(scope) : undefined;
  }
}
