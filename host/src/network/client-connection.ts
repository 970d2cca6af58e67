import type { NetConnectOpts } from "node:net";
import { ipAddress } from "../common/address.ts";
import { StreamInfoImpl } from "../common/stream-info.ts";
import type { Address } from "../contracts/address.ts";
import type { Dispatcher } from "../contracts/event.ts";
import {
  ConnectionEvent,
  ConnectionState,
  type ClientConnection,
} from "../contracts/network/connection.ts";
import { connectErrorText } from "./connect-error.ts";
import { nextConnectionId } from "./connection-id.ts";
import { ConnectionImpl } from "./connection.ts";
import { noSink, SocketIo } from "./socket-io.ts";
import { writeScheduler } from "./write-scheduler.ts";

/** How an upstream connection is made. */
export interface ClientConnectionOptions {
  /** Bytes, both directions; 0 = no limit (`per_connection_buffer_limit_bytes` of the cluster). */
  readonly bufferLimit: number;
}

/** The initiating side of a connection. Bytes written before it is up are sent when it is. */
export class ClientConnectionImpl extends ConnectionImpl implements ClientConnection {
  #connectCalled = false;

  constructor(
    dispatcher: Dispatcher,
    address: Address,
    options: ClientConnectionOptions,
    io: SocketIo = plainIo(dispatcher),
  ) {
    const id = nextConnectionId();
    super(dispatcher, io, {
      id,
      streamInfo: new StreamInfoImpl(dispatcher.time, {
        downstreamLocalAddress: undefined,
        downstreamRemoteAddress: address,
        downstreamDirectRemoteAddress: address,
        connectionId: id,
        filterChainName: "",
        requestedServerName: "",
      }),
      localAddress: unbound(address),
      remoteAddress: address,
      directRemoteAddress: address,
      requestedApplicationProtocols: [],
      requestedServerName: "",
      bufferLimit: options.bufferLimit,
    });
    this.state = ConnectionState.Connecting;
    // A response is read to its end although its sender has closed, and a slow client keeps us from reading now.
    this.detectsEarlyClose = false;
  }

  connect(): void {
    if (this.#connectCalled || this.state !== ConnectionState.Connecting) return;
    this.#connectCalled = true;
    const socket = this.io.socket;
    try {
      socket.connect(connectOptions(this.remoteAddress), () => this.#onConnected());
    } catch (error) {
      this.dispatcher.post(() => this.onSocketError(error as NodeJS.ErrnoException));
    }
  }

  override onSocketError(error: NodeJS.ErrnoException): void {
    if (this.state !== ConnectionState.Connecting) {
      super.onSocketError(error);
      return;
    }
    this.transportFailureReason = this.failureText(error);
    writeScheduler.enter();
    this.closeSocket(ConnectionEvent.RemoteClose, false);
    writeScheduler.leave();
  }

  /** Why the connection did not come up. */
  protected failureText(error: NodeJS.ErrnoException): string {
    return connectErrorText(error, this.remoteAddress);
  }

  /** The socket is connected, which in plain text is all that there is to it. */
  protected onSocketUp(): void {
    this.open();
  }

  #onConnected(): void {
    if (this.state !== ConnectionState.Connecting) return;
    const socket = this.io.socket;
    this.localAddress =
      this.remoteAddress.kind === "pipe"
        ? this.remoteAddress
        : (ipAddress(socket.localAddress, socket.localPort) ?? this.localAddress);
    this.onSocketUp();
  }

  /** Bytes may flow. */
  protected open(): void {
    writeScheduler.enter();
    this.state = ConnectionState.Open;
    this.callbacks.raiseEvent(ConnectionEvent.Connected);
    this.flush();
    this.updateReading();
    writeScheduler.leave();
  }
}

function connectOptions(address: Address): NetConnectOpts {
  if (address.kind === "ip") {
    return { host: address.ip, port: address.port, family: address.family, noDelay: true };
  }
  return { path: address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path };
}

function unbound(remote: Address): Address {
  if (remote.kind === "pipe") return remote;
  return { kind: "ip", ip: remote.family === 4 ? "0.0.0.0" : "::", port: 0, family: remote.family };
}

function plainIo({ createSocket }: Dispatcher): SocketIo {
  if (createSocket === undefined) return SocketIo.unconnected(noSink);
  return new SocketIo(createSocket(), noSink);
}
