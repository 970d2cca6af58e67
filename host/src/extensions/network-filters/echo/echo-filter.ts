import type { DataBuffer } from "../../../contracts/buffer.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../../contracts/network/filter.ts";

/** Sends back what it gets, the end of the stream too. */
export class EchoFilter implements ReadFilter {
  #callbacks!: ReadFilterCallbacks;

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
    callbacks.connection.enableHalfClose(true);
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    this.#callbacks.connection.write(data, endStream);
    return FilterStatus.StopIteration;
  }
}
