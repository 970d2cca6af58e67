import type { RandomSource } from "../contracts/event.ts";
import type { Counter } from "../contracts/stats.ts";
import type { HostImpl } from "./host.ts";
import { hostUse } from "./host-health.ts";

/** Picks of one list of hosts. */
interface Picker {
  pick(): HostImpl;
}

/** Equal weights: one after the other, from a random start. */
class RotatingPicker implements Picker {
  readonly #hosts: readonly HostImpl[];
  #next: number;

  constructor(hosts: readonly HostImpl[], random: RandomSource) {
    this.#hosts = hosts;
    this.#next = random.uint32() % hosts.length;
  }

  pick(): HostImpl {
    const host = this.#hosts[this.#next]!;
    this.#next = this.#next + 1 === this.#hosts.length ? 0 : this.#next + 1;
    return host;
  }
}

interface Deadline {
  at: number;
  /** Of two with one deadline, the one that was put in first goes first. */
  order: number;
  readonly host: HostImpl;
}

/** Unequal weights: earliest deadline first, each pick one weight's share later (Envoy: `EdfScheduler`). */
class EdfPicker implements Picker {
  /** A binary heap. */
  readonly #heap: Deadline[] = [];
  #order = 0;

  constructor(hosts: readonly HostImpl[], random: RandomSource) {
    for (const host of hosts) {
      this.#heap.push({ at: 1 / host.weight, order: this.#order, host });
      this.#order += 1;
    }
    this.#heap.sort((a, b) => (before(a, b) ? -1 : 1));
    // Workers that begin at the same place would send their first requests to the same host.
    for (let skip = random.uint32() % hosts.length; skip > 0; skip -= 1) this.pick();
  }

  pick(): HostImpl {
    const first = this.#heap[0]!;
    first.at += 1 / first.host.weight;
    first.order = this.#order;
    this.#order += 1;
    this.#sinkFirst();
    return first.host;
  }

  #sinkFirst(): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let least = at;
      const left = 2 * at + 1;
      if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
      if (left + 1 < heap.length && before(heap[left + 1]!, heap[least]!)) least = left + 1;
      if (least === at) return;
      const moved = heap[at]!;
      heap[at] = heap[least]!;
      heap[least] = moved;
      at = least;
    }
  }
}

function before(a: Deadline, b: Deadline): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function pickerOf(hosts: readonly HostImpl[], random: RandomSource): Picker | undefined {
  const first = hosts[0];
  if (first === undefined) return undefined;
  const equal = hosts.every((host) => host.weight === first.weight);
  return equal ? new RotatingPicker(hosts, random) : new EdfPicker(hosts, random);
}

/** What a cluster's configuration says of its choice of hosts. */
export interface LoadBalancerOptions {
  readonly healthyPanicThreshold: number;
  readonly overprovisioningFactor: number;
}

/**
 * `ROUND_ROBIN` over the hosts of one priority. Healthy and degraded hosts share the requests by how many there
 * are of them; with too few of both, all hosts are used ("panic").
 */
export class RoundRobinLoadBalancer {
  readonly #random: RandomSource;
  readonly #panics: Counter;
  /** Set in panic, also when there is no host at all. */
  readonly #panic: boolean;
  readonly #all: Picker | undefined;
  readonly #healthy: Picker | undefined;
  readonly #degraded: Picker | undefined;
  /** Percent of requests for healthy hosts. */
  readonly #healthyLoad: number;

  constructor(
    hosts: readonly HostImpl[],
    options: LoadBalancerOptions,
    random: RandomSource,
    panics: Counter,
  ) {
    const healthy = hosts.filter((host) => hostUse(host.healthFlags) === "healthy");
    const degraded = hosts.filter((host) => hostUse(host.healthFlags) === "degraded");
    const total = hosts.filter((host) => hostUse(host.healthFlags) !== "excluded").length;
    const share = (count: number) =>
      total === 0 ? 0 : Math.min(100, Math.floor((options.overprovisioningFactor * count) / total));
    const sum = Math.min(100, share(healthy.length) + share(degraded.length));
    const usable = total === 0 ? 0 : (100 * (healthy.length + degraded.length)) / total;
    this.#random = random;
    this.#panics = panics;
    this.#panic = sum < 100 && usable < options.healthyPanicThreshold;
    this.#all = this.#panic ? pickerOf(hosts, random) : undefined;
    this.#healthy = pickerOf(healthy, random);
    this.#degraded = pickerOf(degraded, random);
    this.#healthyLoad =
      degraded.length === 0 ? 100 : Math.min(100, Math.floor((share(healthy.length) * 100) / sum));
  }

  chooseHost(): HostImpl | undefined {
    if (this.#panic) {
      this.#panics.inc();
      return this.#all?.pick();
    }
    const healthy = this.#healthyLoad === 100 || this.#random.uint32() % 100 < this.#healthyLoad;
    return (healthy ? this.#healthy : this.#degraded)?.pick();
  }
}
