import { CLOSE_LOCAL, CLOSE_REMOTE, CLOSE_UNKNOWN } from "@sluice/abi";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import {
  type ClientConnection,
  type ConnectionCallbacks,
  ConnectionEvent,
} from "../../../contracts/network/connection.ts";
import { FilterStatus, type ReadFilter } from "../../../contracts/network/filter.ts";
import type { OpenedConnections } from "./opened-connections.ts";

/** How long a connection may take to send what is left when it is closed. */
const flushMs = 5000;

/** One connection that a guest has opened: tells the guest what becomes of it. */
export class OpenedConnection implements ConnectionCallbacks, ReadFilter {
  readonly number: number;
  readonly connection: ClientConnection;
  /** The guest has sent its end, or closed it. */
  endSent = false;
  readonly #all: OpenedConnections;
  #connected = false;
  /** The client is not read because this connection takes no more. */
  #stopsClient = false;

  constructor(all: OpenedConnections, number: number, connection: ClientConnection) {
    this.#all = all;
    this.number = number;
    this.connection = connection;
  }

  connect(): void {
    const { connection } = this;
    connection.enableHalfClose(true);
    connection.setDelayedCloseTimeout(flushMs);
    connection.addConnectionCallbacks(this);
    connection.addReadFilter(this);
    connection.initializeReadFilters();
    connection.connect();
  }

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) this.#onConnected();
    else this.#onClosed(event);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#stopClient(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#stopClient(false);
  }

  initializeReadFilterCallbacks(): void {
    // Reading needs no callbacks here.
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    const { context } = this.#all;
    const { vm } = context;
    const { onTcpData } = vm.exports;
    const held = context.upstreamData;
    context.upstreamData = data;
    const end = endStream ? 1 : 0;
    const result =
      onTcpData === undefined || !this.#all.has(this)
        ? 0
        : vm.callWith(context, onTcpData, [context.id, this.number, data.length, end, 0]);
    context.upstreamData = held;
    // What the guest does not want to see again is its copy now.
    if (result === 0) data.drain(data.length);
    return FilterStatus.StopIteration;
  }

  #onConnected(): void {
    this.#connected = true;
    const { context } = this.#all;
    const { vm } = context;
    const { onTcpConnected } = vm.exports;
    if (onTcpConnected === undefined || !this.#all.has(this)) return;
    vm.call2(context, onTcpConnected, context.id, this.number);
  }

  #onClosed(event: ConnectionEvent): void {
    this.#stopClient(false);
    if (!this.#all.forget(this)) return;
    const { context } = this.#all;
    const { vm } = context;
    const { onTcpClose } = vm.exports;
    if (onTcpClose === undefined) return;
    const closer = event === ConnectionEvent.RemoteClose ? CLOSE_REMOTE : CLOSE_LOCAL;
    const who = this.#connected ? closer : CLOSE_UNKNOWN;
    vm.defer(() => vm.call3(context, onTcpClose, context.id, this.number, who));
  }

  #stopClient(stop: boolean): void {
    if (this.#stopsClient === stop) return;
    this.#stopsClient = stop;
    this.#all.client.readDisable(stop);
  }
}
