import { once } from "node:events";
import net from "node:net";
import type { Http2Settings } from "../../host/src/contracts/http/codec.ts";

/** The settings that an empty `Http2ProtocolOptions` message stands for. */
export const defaultHttp2Settings: Http2Settings = {
  hpackTableSize: 4096,
  maxConcurrentStreams: 1024,
  initialStreamWindowSize: 16_777_216,
  initialConnectionWindowSize: 25_165_824,
  allowConnect: false,
  allowMetadata: false,
  maxMetadataBytes: 1_048_576,
  maxOutboundFrames: 10_000,
  maxOutboundControlFrames: 1000,
  maxConsecutiveInboundFramesWithEmptyPayload: 1,
  maxInboundPriorityFramesPerStream: 100,
  maxInboundWindowUpdateFramesPerDataFrameSent: 10,
  streamErrorOnInvalidHttpMessage: false,
  customSettings: [],
  keepalive: {
    intervalMs: 0,
    timeoutMs: 0,
    intervalJitterPercent: 15,
    connectionIdleIntervalMs: 0,
  },
  huffman: true,
  disallowObsText: false,
  maxHeaderFieldBytes: 65_536,
  maxHeadersBytes: 61_440,
  maxHeadersCount: 100,
  underscoresInHeaders: "allow",
};

/** A frame (RFC 9113 section 4.1). */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** What a client sends first: preface and empty SETTINGS. */
export const clientStart: Buffer = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(4, 0, 0),
]);

const prefaceBytes = 24;

/** HPACK without tables: each field a literal. */
export function fields(...entries: readonly (readonly [name: string, value: string])[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of entries) {
    parts.push(Buffer.from([0]), literal(name), literal(value));
  }
  return Buffer.concat(parts);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length: number[] = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** The head of a plain GET. */
export const getHead: Buffer = fields(
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "h"],
  [":path", "/"],
);

/** A frame as it was received. */
export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A socket that speaks frames, right or wrong ones. */
export class FrameClient implements AsyncDisposable {
  readonly frames: ReceivedFrame[] = [];
  closed = false;
  readonly #socket: net.Socket;
  #bytes = Buffer.alloc(0);
  #wake: (() => void)[] = [];

  static async connect(port: number): Promise<FrameClient> {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    socket.setMaxListeners(0);
    return new FrameClient(socket);
  }

  /** The server's side of a connection: what comes first, the client's preface, is passed over. */
  static accepted(socket: net.Socket): FrameClient {
    const client = new FrameClient(socket);
    client.#toSkip = prefaceBytes;
    return client;
  }

  /** Whenever frames came, or the connection was closed. */
  onChange: () => void = () => undefined;
  #toSkip = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#notify();
    });
  }

  send(...parts: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(parts));
  }

  stopReading(): void {
    this.#socket.pause();
  }

  /** Sends as far as the peer takes it; ends early when it closes. */
  async sendAll(parts: readonly Buffer[]): Promise<void> {
    const all = Buffer.concat(parts);
    for (let at = 0; at < all.length && !this.closed; at += 65_536) {
      const flushed = this.#socket.write(all.subarray(at, at + 65_536));
      if (!flushed) await this.until(() => !this.#socket.writableNeedDrain);
    }
  }

  /** Waits for a frame that `matches`. */
  async frame(matches: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    await this.until(() => this.frames.some(matches) || this.closed);
    const found = this.frames.find(matches);
    if (found === undefined) throw new Error("the connection was closed without such a frame");
    return found;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
        this.#socket.once("drain", resolve);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.closed) await once(this.#socket, "close");
  }

  #onData(chunk: Buffer): void {
    const skipped = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= skipped;
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(skipped)]);
    while (this.#bytes.length >= 9) {
      const end = 9 + this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < end) break;
      this.frames.push({
        type: this.#bytes[3]!,
        flags: this.#bytes[4]!,
        streamId: this.#bytes.readUInt32BE(5),
        payload: this.#bytes.subarray(9, end),
      });
      this.#bytes = this.#bytes.subarray(end);
    }
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
    this.onChange();
  }
}
