import { SlotList } from "../common/slot-list.ts";
import type { Dispatcher, Timer } from "../contracts/event.ts";
import type { HttpFilterInstances } from "../contracts/http/filter.ts";
import type { FilterGeneration, ResettableStream } from "../contracts/runtime.ts";

/** How long streams of a superseded generation may take to end. */
export const generationDrainTimeoutMs = 600_000;

/**
 * One version of a discovered filter on one worker. Superseded, it lives until its last stream has ended or its
 * time is up, and is then disposed of.
 */
export class Generation implements FilterGeneration {
  readonly version: string;
  readonly instances: HttpFilterInstances;
  readonly #streams = new SlotList<ResettableStream>();
  #retired = false;
  #disposed = false;
  #onDisposed: (() => void) | undefined = undefined;
  #deadline: Timer | undefined = undefined;

  constructor(version: string, instances: HttpFilterInstances) {
    this.version = version;
    this.instances = instances;
  }

  acquire(stream: ResettableStream): number {
    return this.#streams.add(stream);
  }

  release(place: number): void {
    this.#streams.remove(place);
    if (this.#retired && this.#streams.size === 0) this.#dispose();
  }

  /** Another generation has taken over. `onDisposed` is called when nothing of this one is left. */
  retire(dispatcher: Dispatcher, onDisposed: () => void): void {
    this.#retired = true;
    this.#onDisposed = onDisposed;
    if (this.#streams.size === 0) {
      this.#dispose();
      return;
    }
    this.#deadline = dispatcher.createTimer(() => this.resetStreams());
    this.#deadline.enable(generationDrainTimeoutMs);
  }

  /** Ends the streams that are left; gives how many there were. */
  resetStreams(): number {
    const streams = this.#streams.all();
    for (const stream of streams) stream.resetForGenerationEnd();
    // A stream releases when it is destroyed; whatever has not is not waited for.
    this.#dispose();
    return streams.length;
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
    this.#onDisposed?.();
  }
}
