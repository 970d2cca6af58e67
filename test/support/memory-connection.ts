import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { StreamInfoImpl } from "../../host/src/common/stream-info.ts";
import type { Address } from "../../host/src/contracts/address.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import {
  ConnectionEvent,
  ConnectionState,
  type ConnectionCallbacks,
  type ConnectionCloseType,
  type Connection,
  type DetectedCloseType,
  type HeldBack,
} from "../../host/src/contracts/network/connection.ts";
import { SimulatedDispatcher } from "./simulated-dispatcher.ts";

const nowhere: Address = { kind: "ip", ip: "127.0.0.1", port: 1, family: 4 };

/** A connection without a socket, to drive a codec with: what is written is kept, filters do not exist. */
export class MemoryConnection implements Connection {
  readonly id = 1;
  readonly dispatcher = new SimulatedDispatcher();
  state: ConnectionState = ConnectionState.Open;
  readonly streamInfo = new StreamInfoImpl(this.dispatcher.time, {
    downstreamLocalAddress: nowhere,
    downstreamRemoteAddress: nowhere,
    downstreamDirectRemoteAddress: nowhere,
    connectionId: 1,
    filterChainName: "",
    requestedServerName: "",
  });
  readonly localAddress = nowhere;
  readonly remoteAddress = nowhere;
  readonly directRemoteAddress = nowhere;
  readonly requestedApplicationProtocols: readonly string[] = [];
  readonly nextProtocol = "";
  readonly requestedServerName = "";
  readonly isTls = false;
  readonly detectedCloseType: DetectedCloseType = "normal";
  readonly transportFailureReason = "";
  readonly localCloseReason = "";
  bufferLimit = 0;
  aboveHighWatermark = false;
  /** How `close` was called first. */
  closeType: ConnectionCloseType | undefined = undefined;
  readDisableCount = 0;
  /** All that was written. */
  readonly written = new OwnedBuffer();
  protected readonly callbacks: ConnectionCallbacks[] = [];
  #heldBack: HeldBack | undefined = undefined;

  /** What was written since the last call. */
  takeWritten(): string {
    this.#writeHeldBack();
    const text = this.written.toBuffer().toString("latin1");
    this.written.drain(this.written.length);
    return text;
  }

  get readEnabled(): boolean {
    return this.readDisableCount === 0;
  }

  addConnectionCallbacks(callbacks: ConnectionCallbacks): void {
    this.callbacks.push(callbacks);
  }

  removeConnectionCallbacks(callbacks: ConnectionCallbacks): void {
    const index = this.callbacks.indexOf(callbacks);
    if (index >= 0) this.callbacks.splice(index, 1);
  }

  addBytesSentCallback(): void {}

  holdBack(source: HeldBack): void {
    this.#heldBack = source;
  }

  setConnectionStats(): void {}
  addReadFilter(): void {}
  addWriteFilter(): void {}
  addFilter(): void {}

  initializeReadFilters(): boolean {
    return false;
  }

  write(data: DataBuffer): void {
    this.written.move(data);
  }

  writeLatin1(text: string): void {
    this.written.append(Buffer.from(text, "latin1"));
  }

  close(type: ConnectionCloseType): void {
    if (this.state === ConnectionState.Closed) return;
    this.#writeHeldBack();
    this.closeType ??= type;
    this.state = ConnectionState.Closed;
    for (const each of this.callbacks.slice()) each.onEvent(ConnectionEvent.LocalClose);
  }

  readDisable(disable: boolean): void {
    this.readDisableCount += disable ? 1 : -1;
    if (this.readDisableCount < 0) throw new Error("readDisable(false) without readDisable(true)");
  }

  enableHalfClose(): void {}
  setBufferLimits(bytes: number): void {
    this.bufferLimit = bytes;
  }
  setDelayedCloseTimeout(): void {}
  noDelay(): void {}

  #writeHeldBack(): void {
    const source = this.#heldBack;
    this.#heldBack = undefined;
    source?.writeHeldBack();
  }
}
