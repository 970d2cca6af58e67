import type { Counter, Gauge, StatsScope } from "../contracts/stats.ts";
import { controlPlaneState, UpdateStats } from "./update-stats.ts";

/** `sds.<name>.`: Envoy's stats of a subscription to a secret. */
export class SecretStats extends UpdateStats {
  /** Files that the secret names have changed, and cannot be used. */
  readonly keyRotationFailed: Counter;
  /** 1 while the stream to the control plane is open. Absent for files. */
  readonly connectedState: Gauge | undefined;

  constructor(root: StatsScope, name: string, byGrpc: boolean) {
    const scope = root.scope(`sds.${name}`);
    super(scope);
    this.keyRotationFailed = scope.counter("key_rotation_failed");
    this.connectedState = byGrpc ? controlPlaneState(scope) : undefined;
  }
}
