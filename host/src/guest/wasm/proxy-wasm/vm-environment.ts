import type { LocalInfo } from "../../../contracts/config/snapshot.ts";
import type { RandomSource, Timer, TimeSource } from "../../../contracts/event.ts";
import type { Logger } from "../../../contracts/log.ts";
import type { StatsScope } from "../../../contracts/stats.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";
import type { CpuShares } from "../../limits/cpu-share.ts";
import type { GuestBudget } from "../../limits/guest-budget.ts";
import type { GuestSharedState } from "../../shared/shared-state.ts";
import type { WasmFailure } from "../../watch/guest-report.ts";
import type { Recent } from "../../watch/guest-reports.ts";
import type { GuestWatches } from "../../watch/guest-watches.ts";
import type { ResolveName } from "../resolve-name.ts";

/** What the thread gives to its VMs. */
export interface VmEnvironment {
  readonly epoch: WebAssembly.Memory;
  readonly budget: GuestBudget;
  /** Component `wasm`. */
  readonly logger: Logger;
  /** The machine's, not that of the event: a guest may wait on it. */
  readonly time: TimeSource;
  /** Absent in canary runs, which have no timers. */
  readonly createTimer?: ((callback: () => void) => Timer) | undefined;
  readonly localInfo: LocalInfo;
  /** Data, queues and metrics of all threads. */
  readonly shared: GuestSharedState;
  /** Absent in canary runs. */
  readonly cpuShares?: CpuShares | undefined;
  /** Absent in canary runs, which never wait. */
  readonly random?: RandomSource | undefined;
  /** Absent in canary runs, whose calls are never made. */
  readonly clusters?: ClusterManager | undefined;
  /** Absent in canary runs, whose lookups are never made. */
  readonly resolveName?: ResolveName | undefined;
  /** What is measured and followed of guests. Absent in canary runs. */
  readonly watches?: GuestWatches | undefined;
  /** Where VMs that trap are remembered. */
  readonly failures?: Recent<WasmFailure> | undefined;
  /** The root of all stats, for histograms of modules. Absent in canary runs. */
  readonly stats?: StatsScope | undefined;
}
