import { randomUUID } from "node:crypto";
import { ExpiringData } from "./expiring-data.ts";
import { Namespaces } from "./namespaces.ts";
import { QueueChannel } from "./queue-channel.ts";
import { SharedData } from "./shared-data.ts";
import { createSharedHeap, SharedHeap } from "./shared-heap.ts";
import { SharedMap } from "./shared-map.ts";
import { SharedMetrics } from "./shared-metrics.ts";
import { SharedQueues } from "./shared-queues.ts";
import { SharedLimits } from "./shared-limits.ts";
import type { GuestShared, GuestSharedLimits } from "../../contracts/config/guests.ts";
import type { TimeSource } from "../../contracts/event.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";

/** Makes what all threads share. `thread` is the number of the thread that makes it. */
export function createGuestShared(): GuestShared {
  return { memory: createSharedHeap(), channel: `sluice.wasm.${randomUUID()}`, thread: 1 };
}

/** How much guests may keep, for all threads. */
export function limitGuestShared(shared: GuestShared, limits: GuestSharedLimits): void {
  new SharedLimits(new SharedHeap(shared.memory, shared.thread)).set(limits);
}

/** What guests share, as the calling thread has it. */
export function guestSharedOf(
  context: Pick<WorkerContext, "guestShared" | "singleton"> &
    Partial<Pick<WorkerContext, "dispatcher">>,
): GuestSharedState {
  const time = context.dispatcher?.machineTime;
  return context.singleton(
    "sluice.guest_shared",
    () => new GuestSharedState(context.guestShared, time),
  );
}

/** Shared data, queues and metrics as one thread sees them. */
export class GuestSharedState {
  readonly data: SharedData;
  readonly expiring: ExpiringData;
  readonly queues: SharedQueues;
  readonly metrics: SharedMetrics;
  readonly channel: QueueChannel;
  readonly #heap: SharedHeap;
  readonly #namespaces: Namespaces;
  #registrations = 0;

  /** `time`: what values expire by, instead of the machine's clocks. */
  constructor(shared: GuestShared, time?: TimeSource) {
    const heap = new SharedHeap(shared.memory, shared.thread);
    const map = new SharedMap(heap);
    this.#heap = heap;
    this.data = new SharedData(heap, map);
    this.expiring = new ExpiringData(heap, map, time && (() => time.systemMs()));
    this.queues = new SharedQueues(heap, map);
    this.metrics = new SharedMetrics(heap, map);
    this.channel = new QueueChannel(shared.channel, shared.thread);
    this.#namespaces = new Namespaces(heap, map);
  }

  /** A VM of this thread begins: what its `vm_id` names stays until `release`. False when the memory is full. */
  hold(vmId: string): boolean {
    return this.#heap.locked(() => this.#namespaces.hold(vmId)) ?? false;
  }

  /** A VM of this thread has ended. */
  release(vmId: string): void {
    this.#heap.locked(() => this.#release(vmId, this.#heap.thread, false));
  }

  /** A number for one registration of a queue by this thread. */
  nextRegistration(): number {
    this.#registrations += 1;
    return this.#registrations;
  }

  /** On the main thread: `thread` has ended, whatever it was doing. */
  onThreadGone(thread: number): void {
    this.#heap.takeOver(thread, () => {
      this.data.repair();
      this.expiring.repair();
      this.queues.repair();
    });
    this.#heap.locked(() => {
      for (const vmId of this.#namespaces.names()) this.#release(vmId, thread, true);
    });
  }

  close(): void {
    this.channel.close();
  }

  #release(vmId: string, thread: number, all: boolean): void {
    if (!this.#namespaces.release(vmId, thread, all)) return;
    this.data.removeAll(vmId);
    this.expiring.removeAll(vmId);
    this.queues.removeAll(vmId);
  }
}
