import { HealthFlag } from "../contracts/upstream/host.ts";

/** What a host's flags say of its use (Envoy: `Host::coarseHealth` and the excluded hosts). */
export type HostUse = "healthy" | "degraded" | "unhealthy" | "excluded";

const unhealthyFlags =
  HealthFlag.FailedActiveHc | HealthFlag.FailedOutlierCheck | HealthFlag.FailedEdsHealth;
const degradedFlags = HealthFlag.DegradedActiveHc | HealthFlag.DegradedEdsHealth;
const excludedFlags =
  HealthFlag.PendingActiveHc | HealthFlag.ExcludedViaImmediateHcFail | HealthFlag.EdsStatusDraining;

export function hostUse(healthFlags: number): HostUse {
  if ((healthFlags & excludedFlags) !== 0) return "excluded";
  if ((healthFlags & unhealthyFlags) !== 0) return "unhealthy";
  return (healthFlags & degradedFlags) !== 0 ? "degraded" : "healthy";
}

const texts: readonly (readonly [flag: number, text: string])[] = [
  [HealthFlag.FailedActiveHc, "/failed_active_hc"],
  [HealthFlag.FailedOutlierCheck, "/failed_outlier_check"],
  [HealthFlag.FailedEdsHealth, "/failed_eds_health"],
  [HealthFlag.DegradedActiveHc, "/degraded_active_hc"],
  [HealthFlag.DegradedEdsHealth, "/degraded_eds_health"],
  [HealthFlag.PendingDynamicRemoval, "/pending_dynamic_removal"],
  [HealthFlag.PendingActiveHc, "/pending_active_hc"],
  [HealthFlag.ExcludedViaImmediateHcFail, "/excluded_via_immediate_hc_fail"],
  [HealthFlag.ActiveHcTimeout, "/active_hc_timeout"],
  [HealthFlag.EdsStatusDraining, "/eds_status_draining"],
];

/** The `health_flags` of `/clusters`: `healthy`, or the flags' names one behind the other. */
export function healthFlagsText(healthFlags: number): string {
  const text = texts.map(([flag, name]) => ((healthFlags & flag) === 0 ? "" : name)).join("");
  return text === "" ? "healthy" : text;
}
