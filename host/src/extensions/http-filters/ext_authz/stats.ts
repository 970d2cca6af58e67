import type { Counter, StatsScope } from "../../../contracts/stats.ts";

/** `http.<stat_prefix>.ext_authz.` */
export interface ExtAuthzStats {
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly disabled: Counter;
  readonly failureModeAllowed: Counter;
  readonly invalid: Counter;
  readonly ignoredDynamicMetadata: Counter;
}

/** What Envoy always shows, of features that are refused here. */
const atZero = [
  "filter_state_name_collision",
  "omitted_response_headers",
  "request_header_limits_reached",
  "response_header_limits_reached",
  "shadow_denied",
  "shadow_error",
];

/** `httpPrefix`: with its dot. `statPrefix`: of the filter; may be empty. */
export function extAuthzStats(
  root: StatsScope,
  httpPrefix: string,
  statPrefix: string,
): ExtAuthzStats {
  const infix = statPrefix === "" ? "" : `${statPrefix}.`;
  const counter = (name: string): Counter => root.counter(`${httpPrefix}ext_authz.${infix}${name}`);
  for (const name of atZero) counter(name);
  return {
    ok: counter("ok"),
    denied: counter("denied"),
    error: counter("error"),
    disabled: counter("disabled"),
    failureModeAllowed: counter("failure_mode_allowed"),
    invalid: counter("invalid"),
    ignoredDynamicMetadata: counter("ignored_dynamic_metadata"),
  };
}

/** What is counted below clusters, too. */
export type ClusterStat = "ok" | "denied" | "error" | "failure_mode_allowed" | "invalid";
