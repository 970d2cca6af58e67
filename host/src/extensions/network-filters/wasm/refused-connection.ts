import type { DataBuffer } from "../../../contracts/buffer.ts";
import { ConnectionCloseType } from "../../../contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../../contracts/network/filter.ts";

/** Closes its connection before the filters behind it hear of it. */
export class RefusedConnection implements ReadFilter {
  #callbacks!: ReadFilterCallbacks;

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    this.#callbacks.connection.close(ConnectionCloseType.FlushWrite);
    return FilterStatus.StopIteration;
  }

  onData(_data: DataBuffer): FilterStatus {
    return FilterStatus.StopIteration;
  }
}
