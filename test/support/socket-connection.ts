import type { Socket } from "node:net";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import {
  ConnectionCloseType,
  ConnectionEvent,
  ConnectionState,
} from "../../host/src/contracts/network/connection.ts";
import { MemoryConnection } from "./memory-connection.ts";

/**
 * A connection around a real socket, as little as a codec needs: bytes that a codec leaves are presented again with
 * the next ones, or when reading is enabled again.
 */
export class SocketConnection extends MemoryConnection {
  /** Called with all bytes that nobody has taken. */
  onData: (data: DataBuffer) => void = () => undefined;
  readonly #socket: Socket;
  readonly #unread = new OwnedBuffer();

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#unread.append(chunk);
      this.#present();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed(ConnectionEvent.RemoteClose));
  }

  override write(data: DataBuffer): void {
    if (this.state === ConnectionState.Open) this.#socket.write(Buffer.from(data.toBuffer()));
    data.drain(data.length);
  }

  override writeLatin1(text: string): void {
    if (this.state === ConnectionState.Open) this.#socket.write(text, "latin1");
  }

  override readDisable(disable: boolean): void {
    super.readDisable(disable);
    if (this.readDisableCount === 0) setImmediate(() => this.#present());
  }

  override close(type: ConnectionCloseType): void {
    if (this.state !== ConnectionState.Open) return;
    this.closeType = type;
    this.state = ConnectionState.Closing;
    if (type === ConnectionCloseType.AbortReset) this.#socket.resetAndDestroy();
    else if (type === ConnectionCloseType.NoFlush) this.#socket.destroy();
    else this.#socket.end();
    this.#closed(ConnectionEvent.LocalClose);
  }

  #present(): void {
    if (this.state !== ConnectionState.Open) this.#unread.drain(this.#unread.length);
    else if (this.readDisableCount === 0 && this.#unread.length > 0) this.onData(this.#unread);
  }

  #closed(event: ConnectionEvent): void {
    if (this.state === ConnectionState.Closed) return;
    this.state = ConnectionState.Closed;
    for (const each of this.callbacks.slice()) each.onEvent(event);
  }
}
