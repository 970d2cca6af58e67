import type { ConnectionStats } from "../contracts/network/connection.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";

/** Keeps the byte counts of one connection in its stream info and, when it has any, in its stats. */
export class StatsRecorder {
  readonly #streamInfo: StreamInfo;
  #stats: ConnectionStats | undefined = undefined;
  #readBuffered = 0;
  #writeBuffered = 0;

  constructor(streamInfo: StreamInfo) {
    this.#streamInfo = streamInfo;
  }

  use(stats: ConnectionStats): void {
    const read = this.#readBuffered;
    const write = this.#writeBuffered;
    this.close();
    this.#stats = stats;
    this.readBuffered(read);
    this.writeBuffered(write);
  }

  /** `bytes` came in. */
  received(bytes: number): void {
    this.#streamInfo.bytesReceived += bytes;
    this.#stats?.rxBytesTotal.add(bytes);
  }

  readBuffered(bytes: number): void {
    if (bytes === this.#readBuffered) return;
    this.#stats?.rxBytesBuffered.add(bytes - this.#readBuffered);
    this.#readBuffered = bytes;
  }

  writeBuffered(bytes: number): void {
    if (bytes === this.#writeBuffered) return;
    this.#stats?.txBytesBuffered.add(bytes - this.#writeBuffered);
    this.#writeBuffered = bytes;
  }

  /** `bytes` left for the peer. */
  sent(bytes: number): void {
    this.#streamInfo.bytesSent += bytes;
    this.#stats?.txBytesTotal.add(bytes);
  }

  delayedCloseTimeout(): void {
    this.#stats?.delayedCloseTimeouts?.inc();
  }

  /** Nothing is buffered any more. */
  close(): void {
    this.readBuffered(0);
    this.writeBuffered(0);
  }
}
