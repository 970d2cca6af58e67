import type { CircuitBreakerThresholds } from "../contracts/config/snapshot.ts";
import type { Resource, ResourceManager } from "../contracts/upstream/cluster.ts";

/** Places of `ClusterConfig.resourceCounts`, in each row: 2 priorities of these four. */
const resources = ["connections", "pendingRequests", "requests", "retries"] as const;
type ResourceName = (typeof resources)[number];
const rowLength = 2 * resources.length;

/** Shared memory for the counts of `workers` threads. */
export function allocateResourceCounts(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * rowLength * Int32Array.BYTES_PER_ELEMENT);
}

function placeOf(priority: "default" | "high", resource: ResourceName): number {
  return (priority === "high" ? resources.length : 0) + resources.indexOf(resource);
}

/** The count of one resource over all workers. */
export function sumResource(
  counts: Int32Array,
  priority: "default" | "high",
  resource: ResourceName,
): number {
  let sum = 0;
  for (let i = placeOf(priority, resource); i < counts.length; i += rowLength) sum += counts[i]!;
  return sum;
}

/**
 * A resource as one worker sees it. The worker writes its own count only; the counts of others are read without
 * locks, so that a limit may be overshot by as many as are taken in the same instant, as in Envoy.
 */
class SharedResource implements Resource {
  readonly max: number;
  readonly #counts: Int32Array;
  /** The first worker's place; those of others follow at `rowLength`. */
  readonly #first: number;
  readonly #own: number;

  constructor(counts: Int32Array, first: number, worker: number, max: number) {
    this.#counts = counts;
    this.#first = first;
    this.#own = worker * rowLength + first;
    this.max = max;
  }

  get count(): number {
    const counts = this.#counts;
    let sum = 0;
    for (let i = this.#first; i < counts.length; i += rowLength) sum += counts[i]!;
    return sum;
  }

  canCreate(): boolean {
    return this.count < this.max;
  }

  inc(): void {
    this.#counts[this.#own]! += 1;
  }

  dec(): void {
    this.#counts[this.#own]! -= 1;
  }
}

/** The circuit breakers of one priority, on one worker. */
export function createResourceManager(
  counts: Int32Array,
  priority: "default" | "high",
  workerIndex: number,
  thresholds: CircuitBreakerThresholds,
): ResourceManager {
  const resource = (name: ResourceName, max: number) =>
    new SharedResource(counts, placeOf(priority, name), workerIndex, max);
  return {
    connections: resource("connections", thresholds.maxConnections),
    pendingRequests: resource("pendingRequests", thresholds.maxPendingRequests),
    requests: resource("requests", thresholds.maxRequests),
    retries: resource("retries", thresholds.maxRetries),
  };
}
