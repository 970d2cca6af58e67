import { HeaderId } from "../common/headers/header-id.ts";
import { HeaderMapImpl } from "../common/headers/header-map.ts";
import { OwnedBuffer } from "../common/data-buffer.ts";
import type { DataBuffer } from "../contracts/buffer.ts";
import {
  StreamResetReason,
  type BytesMeter,
  type CodecStream,
  type RequestEncoder,
  type ResponseDecoder,
  type StreamCallbacks,
} from "../contracts/http/codec.ts";
import {
  ConnectionCloseType,
  ConnectionEvent,
  type ClientConnection,
} from "../contracts/network/connection.ts";
import { FilterStatus } from "../contracts/network/filter.ts";
import type {
  HttpConnectionPool,
  HttpPoolCallbacks,
  PoolCancellable,
  PoolReady,
} from "../contracts/upstream/cluster.ts";
import type { HostDescription } from "../contracts/upstream/host.ts";

/**
 * The end of a CONNECT (`connect_config`): a connection of its own to a host, whose bytes are the bodies of request and
 * response. What the host never says, the head of the response, is made here: 200 when the connection is up.
 */
export class Tunnel
  implements HttpConnectionPool, PoolCancellable, PoolReady, RequestEncoder, CodecStream
{
  readonly host: HostDescription;
  readonly connection: ClientConnection;
  /** What is spoken here is not HTTP. */
  readonly protocol = "";
  readonly responseDetails = "";
  readonly bytesMeter: BytesMeter = {
    headerBytesSent: 0,
    headerBytesReceived: 0,
    wireBytesSent: 0,
    wireBytesReceived: 0,
  };
  #decoder: ResponseDecoder | undefined = undefined;
  #pool: HttpPoolCallbacks | undefined = undefined;
  #stream: StreamCallbacks | undefined = undefined;
  /** Nobody is told anything any more. */
  #over = false;

  constructor(connection: ClientConnection, host: HostDescription) {
    this.connection = connection;
    this.host = host;
    connection.enableHalfClose(true);
    connection.addConnectionCallbacks(this);
    connection.addReadFilter(this);
  }

  get encoder(): RequestEncoder {
    return this;
  }

  get stream(): CodecStream {
    return this;
  }

  get bufferLimit(): number {
    return this.connection.bufferLimit;
  }

  // The pool, for the one request that there is.

  newStream(decoder: ResponseDecoder, callbacks: HttpPoolCallbacks): PoolCancellable {
    this.#decoder = decoder;
    this.#pool = callbacks;
    this.connection.connect();
    return this;
  }

  cancel(): void {
    this.#over = true;
    this.connection.close(ConnectionCloseType.NoFlush);
  }

  // The request.

  encodeHeaders(): undefined {
    const headers = new HeaderMapImpl();
    headers.addId(HeaderId.Status, "200");
    this.#decoder!.decodeHeaders(headers, false);
  }

  encodeData(data: DataBuffer, endStream: boolean): void {
    this.bytesMeter.wireBytesSent += data.length;
    this.connection.write(data, endStream);
  }

  encodeTrailers(): void {
    this.connection.write(new OwnedBuffer(), true);
  }

  encodeMetadata(): void {
    // A tunnel carries bytes only.
  }

  addCallbacks(callbacks: StreamCallbacks): void {
    this.#stream = callbacks;
  }

  removeCallbacks(callbacks: StreamCallbacks): void {
    if (this.#stream === callbacks) this.#stream = undefined;
  }

  resetStream(): void {
    this.#over = true;
    this.connection.close(ConnectionCloseType.FlushWrite);
  }

  readDisable(disable: boolean): void {
    if (!this.#over) this.connection.readDisable(disable);
  }

  // The connection.

  initializeReadFilterCallbacks(): void {
    // All that is needed is the connection.
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    this.bytesMeter.wireBytesReceived += data.length;
    if (this.#over) data.drain(data.length);
    else this.#decoder!.decodeData(data, endStream);
    return FilterStatus.StopIteration;
  }

  onEvent(event: ConnectionEvent): void {
    const pool = this.#pool;
    if (event === ConnectionEvent.Connected) {
      this.#pool = undefined;
      if (!this.#over) pool?.onPoolReady(this);
      return;
    }
    if (this.#over) return;
    this.#over = true;
    const text = this.connection.transportFailureReason;
    if (pool === undefined) {
      this.#stream?.onResetStream(StreamResetReason.ConnectionTermination, text);
    } else if (this.connection.localCloseReason === "connect_timeout") {
      pool.onPoolFailure("timeout", text, this.host);
    } else {
      pool.onPoolFailure("remote_connection_failure", text, this.host);
    }
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#stream?.onAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#stream?.onBelowWriteBufferLowWatermark();
  }
}

/** In place of a tunnel that the circuit breaker of connections does not allow. */
export const noTunnel: Pick<HttpConnectionPool, "newStream"> = {
  newStream(_decoder, callbacks) {
    callbacks.onPoolFailure("overflow", "", undefined);
    return undefined;
  },
};
