import { once } from "node:events";
import net from "node:net";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { StreamInfoImpl } from "../../host/src/common/stream-info.ts";
import { ThreadDispatcher } from "../../host/src/common/time/dispatcher.ts";
import type { Address } from "../../host/src/contracts/address.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import type { Dispatcher } from "../../host/src/contracts/event.ts";
import {
  ConnectionEvent,
  type Connection,
  type ConnectionCallbacks,
} from "../../host/src/contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../host/src/contracts/network/filter.ts";
import { nextConnectionId } from "../../host/src/network/connection-id.ts";
import { ConnectionImpl } from "../../host/src/network/connection.ts";
import { SocketIo, socketOptions } from "../../host/src/network/socket-io.ts";

/** A downstream connection on one end of a real TCP connection, a plain socket on the other. */
export interface ConnectionPair extends AsyncDisposable {
  readonly connection: ConnectionImpl;
  readonly peer: net.Socket;
}

export async function connectionPair(
  options: { bufferLimit?: number; dispatcher?: Dispatcher } = {},
): Promise<ConnectionPair> {
  const server = net.createServer({ ...socketOptions, pauseOnConnect: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const accepted = once(server, "connection");
  const peer = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  peer.on("error", () => undefined);
  await once(peer, "connect");
  const [socket] = (await accepted) as [net.Socket];
  server.close();
  const connection = connectionOn(socket, options);
  return {
    connection,
    peer,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      peer.destroy();
      if (!peer.closed) await once(peer, "close");
    },
  };
}

function connectionOn(
  socket: net.Socket,
  options: { bufferLimit?: number; dispatcher?: Dispatcher },
): ConnectionImpl {
  const dispatcher = options.dispatcher ?? new ThreadDispatcher("worker_0");
  const localAddress: Address = { kind: "ip", ip: "127.0.0.1", port: socket.localPort!, family: 4 };
  const remoteAddress: Address = { ...localAddress, port: socket.remotePort! };
  const id = nextConnectionId();
  const streamInfo = new StreamInfoImpl(dispatcher.time, {
    downstreamLocalAddress: localAddress,
    downstreamRemoteAddress: remoteAddress,
    downstreamDirectRemoteAddress: remoteAddress,
    connectionId: id,
    filterChainName: "",
    requestedServerName: "",
  });
  const nobody = {
    onSocketData: (): boolean => false,
    onSocketEnd: (): void => undefined,
    onSocketError: (): void => undefined,
  };
  return new ConnectionImpl(dispatcher, new SocketIo(socket, nobody), {
    id,
    streamInfo,
    localAddress,
    remoteAddress,
    directRemoteAddress: remoteAddress,
    requestedApplicationProtocols: [],
    requestedServerName: "",
    bufferLimit: options.bufferLimit ?? 0,
  });
}

/** A read filter that drains and remembers what it sees; `status` is what it answers. */
export class RecordingReadFilter implements ReadFilter {
  callbacks!: ReadFilterCallbacks;
  newConnectionStatus: FilterStatus = FilterStatus.Continue;
  status: FilterStatus = FilterStatus.StopIteration;
  drains = true;
  received = "";
  newConnections = 0;
  calls = 0;
  endStream = false;
  onEachData: (data: DataBuffer, endStream: boolean) => void = () => undefined;
  readonly #wakeUp = new Set<() => void>();

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    this.newConnections += 1;
    return this.newConnectionStatus;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    this.calls += 1;
    this.onEachData(data, endStream);
    if (this.drains) {
      this.received += data.toBuffer().toString("latin1");
      data.drain(data.length);
    }
    if (endStream) this.endStream = true;
    for (const wake of this.#wakeUp) wake();
    return this.status;
  }

  /** Resolves when `condition` holds after some call of `onData`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakeUp.delete(wake);
          resolve();
        };
        this.#wakeUp.add(wake);
      });
    }
  }
}

/** Remembers the events of a connection, in words. */
export class RecordingCallbacks implements ConnectionCallbacks {
  readonly events: string[] = [];
  readonly closed: Promise<void>;
  #resolveClosed!: () => void;
  #waiting: (() => void)[] = [];

  constructor(connection: Connection) {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    connection.addConnectionCallbacks(this);
  }

  onEvent(event: ConnectionEvent): void {
    const names = ["RemoteClose", "LocalClose", "Connected"];
    this.#push(names[event]!);
    if (event !== ConnectionEvent.Connected) this.#resolveClosed();
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#push("high");
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#push("low");
  }

  onDrain(): void {
    this.#push("drain");
  }

  /** Resolves when `event` has been seen. */
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #push(event: string): void {
    this.events.push(event);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Bytes to write. */
export function bytes(text: string): OwnedBuffer {
  return OwnedBuffer.latin1(text);
}

/** Starts a connection as the connection handler does. */
export function begin(connection: ConnectionImpl, peeked: Buffer = Buffer.alloc(0)): void {
  connection.initializeReadFilters();
  connection.start(peeked);
}

/** Everything that a socket receives until its peer's FIN. */
export async function readToEnd(socket: net.Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  await once(socket.resume(), "end");
  return text;
}

/** What a socket receives until it is `length` bytes, or until it closes. */
export async function readBytes(socket: net.Socket, length: number): Promise<string> {
  let text = "";
  await new Promise<void>((resolve) => {
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      if (text.length >= length) finish();
    };
    const finish = (): void => {
      socket.pause();
      socket.off("data", onData).off("end", finish).off("close", finish);
      resolve();
    };
    socket.on("data", onData).on("end", finish).on("close", finish).resume();
  });
  return text;
}

/** Waits until the peer has closed, by FIN or RST, and closes as well. */
export function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.on("end", () => socket.destroy()).resume();
  });
}
