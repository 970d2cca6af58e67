import { Http1Reader, type MessageHead } from "../net/http1-reader.ts";
import { writeData, writeEnd, writeHead } from "../net/http1-writer.ts";
import type { ClientSocket, Proxy } from "../proxy/proxy.ts";
import type { Request, Send } from "../suite/suite.ts";
import { type Exchange, Response } from "./exchange.ts";

/** A request over HTTP/1.1, on a connection of its own, and what comes back. */
export class Http1Exchange implements Exchange {
  readonly response = new Response();
  readonly clientPort: number;
  reset = false;
  closed = false;
  readonly #proxy: Proxy;
  readonly #socket: ClientSocket;
  #chunked = false;

  private constructor(proxy: Proxy, socket: ClientSocket, toHead: boolean) {
    this.#proxy = proxy;
    this.#socket = socket;
    this.clientPort = socket.clientPort;
    this.#listen(toHead);
  }

  /** Sends the request, each part when the one before has had its effects. */
  static async begin(proxy: Proxy, request: Request): Promise<Http1Exchange> {
    const exchange = new Http1Exchange(proxy, await proxy.connect(), request.method === "HEAD");
    await exchange.#send(request);
    return exchange;
  }

  get isOver(): boolean {
    return this.response.complete || this.reset || this.closed;
  }

  async send({ chunks, trailers, end }: Send): Promise<void> {
    for (const chunk of chunks) {
      if (this.#socket.destroyed) return;
      writeData(this.#socket, chunk, this.#chunked);
      await this.#proxy.settle(() => this.isOver);
    }
    if (end && !this.#socket.destroyed) writeEnd(this.#socket, trailers, this.#chunked);
    await this.#proxy.settle(() => this.isOver);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #send(request: Request): Promise<void> {
    const { chunks, whole, trailers, open } = request;
    const hasHost = request.headers.some(([name]) => name === "host" || name === ":authority");
    const headers = request.headers.map(
      ([name, value]) => [name === ":authority" ? "host" : name, value] as const,
    );
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const known = whole && trailers === undefined && !open;
    const length = !known ? "chunks" : total > 0 ? total : "none";
    this.#chunked = writeHead(
      this.#socket,
      `${request.method} ${request.path} HTTP/1.1`,
      hasHost ? headers : [["host", "test.example"], ...headers],
      length,
    );
    if (!known || total > 0) await this.#proxy.settle(() => this.isOver);
    await this.send({ chunks, trailers, end: !open && length === "chunks" });
  }

  #listen(toHead: boolean): void {
    const { response } = this;
    const reader = new Http1Reader(
      {
        onHead: ({ start, headers }: MessageHead) => {
          const status = Number(start[1]);
          const isFinal = status >= 200 || status === 101;
          if (isFinal) Object.assign(response, { status, headers });
          const bodiless = toHead || !isFinal || status === 204 || status === 304;
          return bodiless ? "none" : "framed";
        },
        onData: (data) => {
          response.body = Buffer.concat([response.body, data]);
        },
        onEnd: (trailers) => {
          if (response.status === 0) return;
          response.trailers = trailers ?? [];
          response.complete = true;
        },
      },
      { responses: true },
    );
    this.#socket.on("data", (chunk: Buffer) => reader.take(chunk));
    this.#socket.on("error", () => {
      this.reset = true;
    });
    this.#socket.on("end", () => {
      reader.end();
      this.closed = true;
      if (!response.complete) this.reset = true;
      this.#socket.end();
    });
  }
}
