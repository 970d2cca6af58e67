import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Activity } from "./virtual-dispatcher.ts";

/** What becomes of connections to a port; undefined: nobody listens there. */
type OnConnection = (peer: PeerSocket) => void;

/** An end of a connection. */
export interface End {
  readonly ip: string;
  readonly port: number;
}

/** Connections without an operating system: bytes go from one end to the other, in later turns of the event loop. */
export class VirtualNetwork {
  readonly activity: Activity;
  readonly #listeners = new Map<number, OnConnection>();
  #nextPort = 40_000;

  constructor(activity: Activity) {
    this.activity = activity;
  }

  /** Takes connections to `port`. */
  listen(port: number, onConnection: OnConnection): void {
    this.#listeners.set(port, onConnection);
  }

  /** A connection that a client makes: its end, and the proxy's. */
  connection(client: string, server: End): { readonly peer: PeerSocket; readonly socket: Socket } {
    const socket = new ProxySocket(this);
    const peer = new PeerSocket(socket, this.activity);
    socket.join(peer, server, { ip: client, port: this.takePort() });
    return { peer, socket: asSocket(socket) };
  }

  /** A socket for the proxy to connect with. */
  readonly createSocket = (): Socket => asSocket(new ProxySocket(this));

  /** For `ProxySocket`. */
  listenerAt(port: number): OnConnection | undefined {
    return this.#listeners.get(port);
  }

  takePort(): number {
    this.#nextPort += 1;
    return this.#nextPort;
  }
}

/** It has those parts of a socket that `SocketIo` and connections use. */
function asSocket(socket: ProxySocket): Socket {
  return socket as unknown as Socket;
}

interface Written {
  readonly chunk: Buffer | string;
}

/** The proxy's end of a connection. */
class ProxySocket extends EventEmitter {
  destroyed = false;
  localAddress = "127.0.0.1";
  localPort = 0;
  remoteAddress = "127.0.0.1";
  remotePort = 0;
  /** Replaced by whoever reads. False: stop reading. */
  push: (chunk: Buffer | null) => boolean = () => false;
  readonly #network: VirtualNetwork;
  #peer: PeerSocket | undefined = undefined;
  #waiting: Buffer[] = [];
  #peerEnded = false;
  #endShown = false;
  #reading = false;
  #scheduled = false;

  constructor(network: VirtualNetwork) {
    super();
    this.#network = network;
  }

  join(peer: PeerSocket, local: End, remote: End): void {
    this.#peer = peer;
    this.localAddress = local.ip;
    this.localPort = local.port;
    this.remoteAddress = remote.ip;
    this.remotePort = remote.port;
  }

  connect(options: { readonly host: string; readonly port: number }, done: () => void): this {
    const { host, port } = options;
    setImmediate(() => {
      this.#network.activity.count += 1;
      if (this.destroyed) return;
      const onConnection = this.#network.listenerAt(port);
      if (onConnection === undefined) {
        this.destroyed = true;
        const error = new Error(`connect ECONNREFUSED ${host}:${port}`);
        this.emit("error", Object.assign(error, { code: "ECONNREFUSED", syscall: "connect" }));
        return;
      }
      const local = { ip: "127.0.0.1", port: this.#network.takePort() };
      this.join(new PeerSocket(this, this.#network.activity), local, { ip: host, port });
      onConnection(this.#peer!);
      done();
    });
    return this;
  }

  // What the proxy calls.

  _read(): void {
    this.#reading = true;
    this.#schedule();
  }

  _write(chunk: Buffer | string, _encoding: string, done: (error?: Error) => void): void {
    this.#send([{ chunk }], done);
  }

  _writev(chunks: readonly Written[], done: (error?: Error) => void): void {
    this.#send(chunks, done);
  }

  end(done?: () => void): this {
    this.#network.activity.count += 1;
    this.#peer?.fromProxy(null);
    if (done !== undefined) setImmediate(done);
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#network.activity.count += 1;
    this.#peer?.fromProxy(null);
    setImmediate(() => {
      if (error !== undefined) this.emit("error", error);
      this.emit("close");
    });
    return this;
  }

  resetAndDestroy(): this {
    if (!this.destroyed) this.#peer?.wasReset();
    return this.destroy();
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  pause(): this {
    return this;
  }

  // What the peer calls.

  /** Bytes of the peer, or its end (null). */
  receive(chunk: Buffer | null): void {
    if (this.destroyed) return;
    if (chunk === null) this.#peerEnded = true;
    else this.#waiting.push(chunk);
    this.#schedule();
  }

  /** The peer has closed with RST. */
  reset(): void {
    setImmediate(() => {
      this.#network.activity.count += 1;
      if (this.destroyed) return;
      this.destroyed = true;
      const error = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
      this.emit("error", error);
    });
  }

  #send(chunks: readonly Written[], done: (error?: Error) => void): void {
    this.#network.activity.count += 1;
    const peer = this.#peer;
    if (peer === undefined || peer.destroyed) {
      done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      return;
    }
    for (const { chunk } of chunks) {
      peer.fromProxy(typeof chunk === "string" ? Buffer.from(chunk, "latin1") : Buffer.from(chunk));
    }
    done();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#network.activity.count += 1;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#reading && !this.destroyed && this.#waiting.length > 0) {
      const chunk = this.#waiting.shift()!;
      this.#network.activity.count += 1;
      // Whoever is not ready for more says so, or asks again by `_read`.
      this.#reading = false;
      if (this.push(chunk)) this.#reading = true;
    }
    if (this.destroyed || this.#waiting.length > 0 || !this.#peerEnded || this.#endShown) return;
    if (!this.#reading) return;
    this.#endShown = true;
    this.push(null);
  }
}

/** The other end: of a client, or of a server. */
export class PeerSocket extends Duplex {
  readonly #proxy: ProxySocket;
  readonly #activity: Activity;
  #ended = false;
  #wasReset = false;

  constructor(proxy: ProxySocket, activity: Activity) {
    super({ allowHalfOpen: true });
    this.#proxy = proxy;
    this.#activity = activity;
    // Whoever cares listens, too.
    this.on("error", () => undefined);
  }

  /** Bytes of the proxy, or its end (null). */
  fromProxy(chunk: Buffer | null): void {
    this.#activity.count += 1;
    if (this.destroyed || this.#ended) return;
    this.#ended = chunk === null;
    this.push(chunk);
  }

  /** Closes with RST. */
  resetAndDestroy(): void {
    this.#wasReset = true;
    this.destroy();
  }

  /** The proxy has closed with RST. */
  wasReset(): void {
    this.#wasReset = true;
    this.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#activity.count += 1;
    this.#proxy.receive(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#proxy.receive(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#activity.count += 1;
    if (this.#wasReset) this.#proxy.reset();
    else this.#proxy.receive(null);
    done(error);
  }
}
