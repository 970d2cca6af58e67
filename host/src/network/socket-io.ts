import { Socket } from "node:net";
import { withOnread } from "./adopt-socket.ts";
import { SlabReader } from "./slab-reader.ts";

/** Receives what happens on a socket. */
export interface SocketSink {
  /** Bytes arrived; the chunk is the sink's. False: stop reading until `resumeReading`. */
  onSocketData(chunk: Buffer): boolean;
  /** The peer sent FIN. */
  onSocketEnd(): void;
  /** The socket failed and is gone. */
  onSocketError(error: NodeJS.ErrnoException): void;
  /** An encrypted connection's handshake is over. */
  onSecured?(): void;
}

/** For sockets that nobody has yet, or nobody wants any more. */
export const noSink: SocketSink = {
  onSocketData: () => false,
  onSocketEnd: () => undefined,
  onSocketError: () => undefined,
};

/**
 * Called once the kernel has all of a write: before the call that began the write returns, if it took everything
 * at once.
 */
export type WriteDone = (error?: Error | null) => void;

/** Where written bytes go. One write at a time: the next one after `done`. */
export interface SocketOutput {
  /** One byte per character. */
  writeText(text: string, done: WriteDone): void;
  writeChunk(chunk: Buffer, done: WriteDone): void;
  /** Several in one system call. */
  writeParts(parts: readonly (string | Buffer)[], done: WriteDone): void;
}

/**
 * The bytes and events of one socket, straight between Node's stream base and a sink that can be replaced
 * (listener filters first, the connection later).
 *
 * Both directions use the methods in which Node documents how a stream meets its source, and leave out the
 * buffering of Readable and Writable, for which the connection has its own (host/docs/performance.md has what it
 * costs). Chunks are taken where the socket hands them to its Readable (`push`), which also keeps a FIN from
 * hiding behind bytes that nobody reads; `false` from `push` stops reading at the handle, which is how the socket
 * itself applies back-pressure. `_write` and `_writev` say through their callback when the kernel has everything.
 *
 * An accepted socket must have been made with `socketOptions`, and be paused.
 */
export class SocketIo implements SocketOutput {
  readonly socket: Socket;
  sink: SocketSink;
  /** Reading was asked for while a chunk was being handed over, perhaps by the next sink. */
  #resumed = false;

  constructor(socket: Socket, sink: SocketSink) {
    this.socket = socket;
    this.sink = sink;
    socket.push = (chunk: Buffer | null): boolean => {
      if (chunk !== null) return this.take(chunk);
      this.sink.onSocketEnd();
      return false;
    };
    socket.on("error", (error: NodeJS.ErrnoException) => this.sink.onSocketError(error));
  }

  /** An io with a socket that a server made with `socketOptions`; `io.socket` takes its place. */
  static accepted(accepted: Socket, sink: SocketSink): SocketIo {
    const reader = new SlabReader((chunk) => io.take(chunk));
    const io = new SocketIo(withOnread(accepted, reader.options), sink);
    return io;
  }

  /** An io with a socket that is yet to be connected. */
  static unconnected(sink: SocketSink): SocketIo {
    const reader = new SlabReader((chunk) => io.take(chunk));
    const socket = new Socket({ ...socketOptions, onread: reader.options });
    const io = new SocketIo(socket, sink);
    // Keeps Node from reading by itself once the socket is up.
    socket.pause();
    return io;
  }

  /** Begins to read, or goes on after a `false` of `onSocketData`. */
  resumeReading(): void {
    this.#resumed = true;
    if (!this.socket.destroyed) this.socket._read(0);
  }

  writeText(text: string, done: WriteDone): void {
    this.socket._write(text, "latin1", done);
  }

  writeChunk(chunk: Buffer, done: WriteDone): void {
    this.socket._write(chunk, chunkEncoding, done);
  }

  writeParts(parts: readonly (string | Buffer)[], done: WriteDone): void {
    const chunks = [];
    for (let i = 0; i < parts.length; i += 1) {
      const chunk = parts[i]!;
      chunks.push({ chunk, encoding: typeof chunk === "string" ? "latin1" : chunkEncoding });
    }
    this.socket._writev!(chunks, done);
  }

  /** Sends FIN; every write is done. */
  sendFin(done: () => void): void {
    this.socket.end(done);
  }

  /** Closes at once; what is pending is dropped. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Closes with RST. */
  reset(): void {
    // By itself resetAndDestroy() first waits until everything is written, which a stalled peer never lets happen.
    // destroy() ends the wait, and keeps the RST.
    this.socket.resetAndDestroy();
    this.socket.destroy();
  }

  protected take(chunk: Buffer): boolean {
    this.#resumed = false;
    return this.sink.onSocketData(chunk) || this.#resumed;
  }
}

/** Options for every socket that a `SocketIo` will be put on. */
export const socketOptions = { allowHalfOpen: true } as const;

// What a Writable says of chunks that are not text; missing from the type.
const chunkEncoding = "buffer" as BufferEncoding;
