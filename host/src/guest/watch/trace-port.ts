import type { MessagePort } from "node:worker_threads";
import type { TraceLine, TraceSink } from "./guest-trace.ts";

/** What a thread that is traced posts. */
export interface TraceBatch {
  readonly lines: readonly TraceLine[];
  /** Lines that were left out in front of these, since the reader is slow. */
  readonly lost: number;
  readonly bytes: number;
}

/** What the reader answers when it has passed on so many bytes. */
export interface TraceReceipt {
  readonly bytes: number;
}

/** Bytes that may be on their way; beyond it lines are lost. */
const inFlightMax = 256 * 1024;

/** Sends lines to another thread, as fast as that reads them and no faster. Traffic never waits for it. */
export class TracePort implements TraceSink {
  readonly #port: MessagePort;
  #lines: TraceLine[] = [];
  #bytes = 0;
  #lost = 0;
  #inFlight = 0;
  #scheduled = false;

  /** `onClosed`: the reader is gone. */
  constructor(port: MessagePort, onClosed: () => void) {
    this.#port = port;
    port.on("message", (receipt: TraceReceipt) => {
      this.#inFlight -= receipt.bytes;
      if (this.#lost > 0) this.#schedule();
    });
    port.on("close", onClosed);
    port.unref();
  }

  write(line: TraceLine): void {
    const bytes = line.text.length;
    // Without its last line a stream would never end for the reader.
    if (this.#inFlight + this.#bytes + bytes > inFlightMax && line.border === undefined) {
      this.#lost += 1;
      return;
    }
    this.#lines.push(line);
    this.#bytes += bytes;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const batch: TraceBatch = { lines: this.#lines, lost: this.#lost, bytes: this.#bytes };
    this.#inFlight += this.#bytes;
    this.#lines = [];
    this.#bytes = 0;
    this.#lost = 0;
    this.#port.postMessage(batch);
  }
}
