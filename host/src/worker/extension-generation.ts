import { SlotList } from "../common/slot-list.ts";
import type { Dispatcher, Timer } from "../contracts/event.ts";
import type { ExtensionInstances, FilterGeneration, GenerationUser } from "../contracts/runtime.ts";

/** How long streams, and sockets that are looked at, may stay with a superseded generation. */
export const generationDrainTimeoutMs = 600_000;

/** How a superseded generation ends. */
export interface GenerationEnd {
  readonly dispatcher: Dispatcher;
  /** How long its users may take to end; 0 = as long as they like. */
  readonly drainTimeoutMs: number;
  /** Called when nothing of it is left. */
  readonly onDisposed: () => void;
}

/**
 * One version of a discovered extension on one worker. Superseded, it lives until its last user has ended or its
 * time is up, and is then disposed of.
 */
export class Generation<
  Instances extends ExtensionInstances,
> implements FilterGeneration<Instances> {
  readonly version: string;
  readonly instances: Instances;
  readonly #users = new SlotList<GenerationUser>();
  #end: GenerationEnd | undefined = undefined;
  #disposed = false;
  #deadline: Timer | undefined = undefined;

  constructor(version: string, instances: Instances) {
    this.version = version;
    this.instances = instances;
  }

  acquire(user: GenerationUser): number {
    return this.#users.add(user);
  }

  release(place: number): void {
    this.#users.remove(place);
    if (this.#end !== undefined && this.#users.size === 0) this.#dispose();
  }

  /** Another generation has taken over, or none. */
  retire(end: GenerationEnd): void {
    this.#end = end;
    if (this.#users.size === 0) {
      this.#dispose();
      return;
    }
    if (end.drainTimeoutMs === 0) return;
    this.#deadline = end.dispatcher.createTimer(() => this.resetUsers());
    this.#deadline.enable(end.drainTimeoutMs);
  }

  /** Ends the users that are left; gives how many there were. */
  resetUsers(): number {
    const users = this.#users.all();
    for (const user of users) user.resetForGenerationEnd();
    // A user releases when it is destroyed; whatever has not is not waited for.
    this.#dispose();
    return users.length;
  }

  /** For a generation that was built and never used. */
  discard(): void {
    this.#dispose();
  }

  #dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#deadline?.disable();
    this.instances.dispose?.();
    this.#end?.onDisposed();
  }
}
