import type { Counter, StatsScope } from "../../../contracts/stats.ts";
import type { ClusterInfo } from "../../../contracts/upstream/cluster.ts";

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
  const counter = (name: string): Counter =>
    root.counter(`${httpPrefix}ext_authz.${infix(statPrefix)}${name}`);
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

type ClusterStat = "ok" | "denied" | "error" | "failure_mode_allowed" | "invalid";

/** `cluster.<cluster of the route>.ext_authz.`; each counter is made when it first counts. */
export class ExtAuthzClusterStats {
  readonly #infix: string;
  readonly #counters = new WeakMap<ClusterInfo, Map<ClusterStat, Counter>>();

  constructor(statPrefix: string) {
    this.#infix = infix(statPrefix);
  }

  /** `cluster`: undefined when the request has no route to one. */
  inc(cluster: ClusterInfo | undefined, stat: ClusterStat): void {
    if (cluster === undefined) return;
    let counters = this.#counters.get(cluster);
    if (counters === undefined) this.#counters.set(cluster, (counters = new Map()));
    let counter = counters.get(stat);
    if (counter === undefined) {
      counter = cluster.scope.counter(`ext_authz.${this.#infix}${stat}`);
      counters.set(stat, counter);
    }
    counter.inc();
  }
}

function infix(statPrefix: string): string {
  return statPrefix === "" ? "" : `${statPrefix}.`;
}
