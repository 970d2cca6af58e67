import net, { type AddressInfo } from "node:net";
import { HpackDecoder } from "../../host/src/http/codec/http2/hpack/decoder.ts";
import { fields, frame, FrameClient, type ReceivedFrame } from "./http2.ts";
import { decodeWith, shown } from "./metadata-frames.ts";

/** What the server does with a request of its path. */
export type Answering = (request: UpstreamRequest) => Promise<void>;

/** A stream as the server sees it. */
export class UpstreamRequest {
  readonly streamId: number;
  readonly #connection: FrameClient;

  constructor(connection: FrameClient, streamId: number) {
    this.#connection = connection;
    this.streamId = streamId;
  }

  send(...parts: readonly Buffer[]): void {
    this.#connection.send(...parts);
  }

  head(end = false, ...more: (readonly [string, string])[]): Buffer {
    return frame(1, end ? 5 : 4, this.streamId, fields([":status", "200"], ...more));
  }

  get seen(): string {
    return shown(this.#connection.frames, this.streamId);
  }

  async until(condition: (seen: string) => boolean): Promise<void> {
    await this.#connection.until(() => condition(this.seen));
  }

  /** Has all that the proxy wrote before now. */
  async sync(): Promise<void> {
    await pingBack(this.#connection);
  }
}

/** Waits until the peer has answered a PING, and so has said all that it had to say before. */
export async function pingBack(connection: FrameClient): Promise<void> {
  const opaque = Buffer.alloc(8);
  pings += 1;
  opaque.writeUInt32BE(0x7465_7374);
  opaque.writeUInt32BE(pings, 4);
  connection.send(frame(6, 0, 0, opaque));
  const isAnswer = ({ type, flags, payload }: ReceivedFrame): boolean =>
    type === 6 && flags === 1 && payload.equals(opaque);
  await connection.until(() => connection.frames.some(isAnswer));
}

let pings = 0;

/** An HTTP/2 server that frames by hand; each path has its own answer. */
export class MetadataUpstream {
  /** SETTINGS of the newest connection. */
  settings = "";
  readonly #answers = new Map<string, Answering>();
  readonly #requests = new Map<string, UpstreamRequest>();
  readonly #waiting: (() => void)[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  /** `answers`: by the names of cases; without one, a request is answered at its end. */
  static async start(
    answers: ReadonlyMap<string, Answering | undefined>,
  ): Promise<MetadataUpstream> {
    const upstream = new MetadataUpstream(answers);
    await new Promise<void>((resolve) => upstream.#server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }

  private constructor(answers: ReadonlyMap<string, Answering | undefined>) {
    for (const [name, answer = answerAtEnd] of answers) this.#answers.set(pathOf(name), answer);
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The request of this path, once it is there. */
  async request(path: string): Promise<UpstreamRequest> {
    while (!this.#requests.has(path)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#requests.get(path)!;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #accept(socket: net.Socket): void {
    this.#sockets.add(socket);
    const connection = FrameClient.accepted(socket);
    connection.send(frame(4, 0, 0, settingsOf([0x4d44, 1])));
    const decoder = new HpackDecoder(4096, 1 << 20);
    let read = 0;
    connection.onChange = () => {
      for (; read < connection.frames.length; read += 1) {
        this.#onFrame(connection, connection.frames[read]!, decoder);
      }
    };
  }

  #onFrame(connection: FrameClient, received: ReceivedFrame, decoder: HpackDecoder): void {
    const { type, flags, streamId, payload } = received;
    if (type === 4 && (flags & 1) === 0) {
      this.settings = shownSettings(payload);
      connection.send(frame(4, 1, 0));
    }
    if (type === 6 && (flags & 1) === 0) connection.send(frame(6, 1, 0, payload));
    if (type !== 1) return;
    const block = (flags & 0x20) === 0 ? payload : payload.subarray(5);
    const path = decodeWith(decoder, block).find(([name]) => name === ":path")?.[1];
    if (path === undefined) return;
    const request = new UpstreamRequest(connection, streamId);
    this.#requests.set(path, request);
    for (const wake of this.#waiting.splice(0)) wake();
    void (this.#answers.get(path) ?? answerAtEnd)(request);
  }
}

/** What the request of a case asks for. */
export function pathOf(name: string): string {
  return `/${name.replaceAll(" ", "-")}`;
}

/** Answers without a body when the request has ended. */
const answerAtEnd: Answering = async (request) => {
  await request.until((seen) => seen.includes("END") || seen.includes("RST"));
  request.send(request.head(true));
};

/** Pairs of identifier and value as a payload. */
export function settingsOf(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  return Buffer.concat(
    pairs.map(([id, value]) => {
      const pair = Buffer.alloc(6);
      pair.writeUInt16BE(id);
      pair.writeUInt32BE(value, 2);
      return pair;
    }),
  );
}

/** The one setting that is about METADATA; empty when it is not there. */
export function shownSettings(payload: Buffer): string {
  for (let at = 0; at < payload.length; at += 6) {
    if (payload.readUInt16BE(at) !== 0x4d44) continue;
    return `(ENABLE_METADATA ${payload.readUInt32BE(at + 2)}) `;
  }
  return "";
}
