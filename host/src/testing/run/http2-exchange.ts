import http2 from "node:http2";
import type { ClientSocket, Proxy } from "../proxy/proxy.ts";
import type { HeaderList, Request, Send } from "../suite/suite.ts";
import { type Exchange, Response } from "./exchange.ts";

/** A request over HTTP/2 without TLS, on a connection of its own, and what comes back. */
export class Http2Exchange implements Exchange {
  readonly response = new Response();
  readonly clientPort: number;
  reset = false;
  readonly #proxy: Proxy;
  readonly #session: http2.ClientHttp2Session;
  readonly #stream: http2.ClientHttp2Stream;
  #trailers: HeaderList = [];

  private constructor(proxy: Proxy, socket: ClientSocket, request: Request) {
    this.#proxy = proxy;
    this.clientPort = socket.clientPort;
    this.#session = http2.connect(`http://${defaultHost}`, { createConnection: () => socket });
    this.#session.on("error", () => this.#givenUp());
    const { chunks, trailers, open } = request;
    const endStream = chunks.length === 0 && trailers === undefined && !open;
    // Whoever waits for trailers ends the body by a frame of its own.
    const options = { endStream, waitForTrailers: open || trailers !== undefined };
    this.#stream = this.#session.request(headersOf(request), options);
    this.#listen();
  }

  /** Sends the request, each part when the one before has had its effects. */
  static async begin(proxy: Proxy, request: Request): Promise<Http2Exchange> {
    const exchange = new Http2Exchange(proxy, await proxy.connect(), request);
    await exchange.#settle();
    const { chunks, trailers, open } = request;
    const hasBody = chunks.length > 0 || trailers !== undefined;
    if (hasBody) await exchange.send({ chunks, trailers, end: !open });
    return exchange;
  }

  get isOver(): boolean {
    return this.response.complete || this.reset;
  }

  async send({ chunks, trailers, end }: Send): Promise<void> {
    const stream = this.#stream;
    for (const [i, chunk] of chunks.entries()) {
      if (stream.destroyed || stream.writableEnded) return;
      const isLast = end && i === chunks.length - 1;
      this.#trailers = trailers ?? [];
      if (isLast) stream.end(chunk);
      else stream.write(chunk);
      await this.#settle();
    }
    if (!end || stream.destroyed || stream.writableEnded) return;
    this.#trailers = trailers ?? [];
    stream.end();
    await this.#settle();
  }

  close(): void {
    this.#session.destroy();
  }

  #settle(): Promise<void> {
    return this.#proxy.settle(() => this.isOver);
  }

  #givenUp(): void {
    if (!this.response.complete) this.reset = true;
  }

  #listen(): void {
    const { response } = this;
    const stream = this.#stream;
    stream.on("wantTrailers", () => stream.sendTrailers(fieldsOf(this.#trailers)));
    stream.on("response", (fields, _flags, raw?: readonly string[]) => {
      response.status = fields[":status"] ?? 0;
      response.headers = listOf(raw ?? []);
    });
    stream.on("data", (chunk: Buffer) => {
      response.body = Buffer.concat([response.body, chunk]);
    });
    stream.on("trailers", (_fields, _flags, raw?: readonly string[]) => {
      response.trailers = listOf(raw ?? []);
    });
    stream.on("end", () => {
      if (response.status !== 0 && stream.rstCode === http2.constants.NGHTTP2_NO_ERROR) {
        response.complete = true;
      }
    });
    stream.on("error", () => this.#givenUp());
    stream.on("close", () => this.#givenUp());
  }
}

const defaultHost = "test.example";

/** The pseudo headers, those of the request, and its length where it is known. */
function headersOf({
  method,
  path,
  headers,
  chunks,
  whole,
  trailers,
  open,
}: Request): http2.OutgoingHttpHeaders {
  const host = headers.find(([name]) => name === "host" || name === ":authority")?.[1];
  const own = headers.filter(([name]) => name !== "host" && !name.startsWith(":"));
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const isKnown = whole && trailers === undefined && !open && length > 0;
  return {
    ":method": method,
    ":path": path,
    ":scheme": "http",
    ":authority": host ?? defaultHost,
    ...(isKnown && { "content-length": length }),
    ...fieldsOf(own),
  };
}

function fieldsOf(headers: HeaderList): { [name: string]: string[] } {
  const fields: { [name: string]: string[] } = {};
  for (const [name, value] of headers) (fields[name] ??= []).push(value);
  return fields;
}

/** Without pseudo headers. */
function listOf(raw: readonly string[]): HeaderList {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (!raw[i]!.startsWith(":")) list.push([raw[i]!, raw[i + 1]!]);
  }
  return list;
}
