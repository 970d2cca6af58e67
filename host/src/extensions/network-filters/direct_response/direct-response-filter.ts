import { OwnedBuffer } from "../../../common/data-buffer.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import { ConnectionCloseType } from "../../../contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../../contracts/network/filter.ts";

/** Answers every connection with the same bytes and closes it. */
export class DirectResponseFilter implements ReadFilter {
  readonly #response: Buffer;
  #callbacks!: ReadFilterCallbacks;

  constructor(response: Buffer) {
    this.#response = response;
  }

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    const { connection } = this.#callbacks;
    connection.write(OwnedBuffer.of(this.#response), true);
    connection.streamInfo.responseCodeDetails = "direct_response";
    connection.close(ConnectionCloseType.FlushWrite);
    return FilterStatus.StopIteration;
  }

  onData(data: DataBuffer): FilterStatus {
    data.drain(data.length);
    return FilterStatus.StopIteration;
  }
}
