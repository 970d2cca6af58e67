import { createServer, type AddressInfo, type Server } from "node:net";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import {
  StreamResetReason,
  type Http1Settings,
  type RequestDecoder,
  type RequestEncoder,
  type ResponseEncoder,
} from "../../host/src/contracts/http/codec.ts";
import { ConnectionCloseType } from "../../host/src/contracts/network/connection.ts";
import { Http1ClientConnection } from "../../host/src/http/codec/http1/client-connection.ts";
import { Http1ServerConnection } from "../../host/src/http/codec/http1/server-connection.ts";
import { codecStats, defaultSettings } from "./http1.ts";
import { MemoryConnection } from "./memory-connection.ts";
import { SocketConnection } from "./socket-connection.ts";

const noCallbacks = { onIdle: (): void => undefined };

/**
 * Forwards a request to nowhere: encodes it as it would go upstream, and answers with these bytes. Of the HCM
 * it does the least: it removes `connection` and answers what the codec refuses.
 */
class Reflection implements RequestDecoder {
  readonly #encoder: ResponseEncoder;
  readonly #upstream = new MemoryConnection();
  readonly #request: RequestEncoder;

  constructor(encoder: ResponseEncoder, settings: Http1Settings) {
    this.#encoder = encoder;
    const codec = new Http1ClientConnection(this.#upstream, settings, codecStats(), noCallbacks);
    this.#request = codec.newStream({
      decode1xxHeaders: () => undefined,
      decodeHeaders: () => undefined,
      decodeData: () => undefined,
      decodeTrailers: () => undefined,
    });
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    headers.remove("connection");
    const problem = this.#request.encodeHeaders(headers, endStream);
    if (problem !== undefined) this.#answer("404", problem);
    else if (endStream) this.#reflect();
  }

  decodeData(data: DataBuffer, endStream: boolean): void {
    this.#request.encodeData(data, endStream);
    if (endStream) this.#reflect();
  }

  decodeTrailers(trailers: HeaderMap): void {
    this.#request.encodeTrailers(trailers);
    this.#reflect();
  }

  sendLocalReply(code: number, body: string, details: string): void {
    this.#answer(String(code), body, [["x-details", details]]);
  }

  #reflect(): void {
    this.#answer("200", this.#upstream.takeWritten());
  }

  #answer(status: string, body: string, more: readonly [string, string][] = []): void {
    const headers = headerMapOf([
      [":status", status],
      ...more,
      ["content-length", String(body.length)],
    ]);
    this.#encoder.encodeHeaders(headers, false);
    this.#encoder.encodeData(OwnedBuffer.latin1(body), true);
  }
}

/** A server that answers every request with the bytes that a proxy would send on for it. */
export async function startReflector(
  changes: Partial<Http1Settings> = {},
): Promise<{ server: Server; port: number }> {
  const settings = { ...defaultSettings, ...changes };
  const server = createServer((socket) => {
    const connection = new SocketConnection(socket);
    const codec = new Http1ServerConnection(
      connection,
      { newStream: (encoder) => new Reflection(encoder, settings) },
      settings,
      codecStats(),
    );
    connection.onData = (data) => {
      const error = codec.dispatch(data);
      const done = error !== undefined || (codec.closing && data.length === 0);
      if (done) connection.close(ConnectionCloseType.FlushWriteAndDelay);
    };
    connection.addConnectionCallbacks({
      onEvent: () => codec.onConnectionClosed(StreamResetReason.ConnectionTermination, ""),
      onAboveWriteBufferHighWatermark: () => undefined,
      onBelowWriteBufferLowWatermark: () => undefined,
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}
