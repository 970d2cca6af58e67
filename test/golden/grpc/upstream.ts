import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { messagesOf } from "./descriptors.ts";

/** What the upstream does with a request. */
export interface Answer {
  readonly status?: number;
  /** Instead of `content-type: application/grpc`. */
  readonly headers?: http2.OutgoingHttpHeaders;
  /** Sent one by one; `echo`: what the request brought. */
  readonly body?: readonly Buffer[] | "echo";
  /** Absent: the response ends with its headers or its body. */
  readonly trailers?: http2.OutgoingHttpHeaders;
  /** Resets the stream with this code; behind the body, if there is one, with 2. */
  readonly reset?: number;
  /** Nothing, ever; or the end of the connection. */
  readonly instead?: "silence" | "close";
  /** The response does not end. */
  readonly isOpen?: boolean;
}

const volatile =
  /^(date|x-request-id|x-envoy-upstream-service-time|x-envoy-expected-rq-timeout-ms)$/;

/** Without what differs from run to run. */
export function stableHeaders(headers: http2.IncomingHttpHeaders): { [name: string]: unknown } {
  const names = Object.keys(headers).filter((name) => !volatile.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, stable(headers[name])]));
}

const stable = (value: unknown): unknown =>
  typeof value === "string" ? value.replace(/127\.0\.0\.1:\d+/, "HOST") : value;

/** An HTTP/2 server that answers each case (`x-case`) as the case says, and notes what came. */
export class GoldenUpstream {
  /** By case: head, body (messages of `golden.Library` as JSON, else in hexadecimal digits), trailers. */
  readonly seen = new Map<string, string>();
  answers: { readonly [name: string]: Answer } = {};
  readonly #server = http2.createServer();
  readonly #sessions = new Set<http2.ServerHttp2Session>();

  static async start(): Promise<GoldenUpstream> {
    const upstream = new GoldenUpstream();
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  private constructor() {
    this.#server.on("session", (session) => this.#sessions.add(session));
    this.#server.on("stream", (stream: http2.ServerHttp2Stream, head: http2.IncomingHttpHeaders) =>
      this.#serve(stream, head),
    );
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }

  #serve(stream: http2.ServerHttp2Stream, head: http2.IncomingHttpHeaders): void {
    const name = String(head["x-case"]);
    const body: Buffer[] = [];
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on("error", () => undefined);
    stream.on("data", (piece: Buffer) => body.push(piece));
    stream.on("trailers", (got: http2.IncomingHttpHeaders) => (trailers = got));
    stream.on("end", () => {
      if (stream.aborted || stream.destroyed) return;
      const { "x-case": _case, ...rest } = stableHeaders(head);
      const bytes = Buffer.concat(body);
      const messages = messagesOf(head[":path"]!, bytes) ?? bytes.toString("hex");
      this.seen.set(name, `${JSON.stringify(rest)} ${messages} ${JSON.stringify(trailers)}`);
      answer(stream, this.answers[name] ?? {}, bytes);
    });
  }
}

function answer(stream: http2.ServerHttp2Stream, how: Answer, request: Buffer): void {
  const { status = 200, headers, trailers, reset, instead } = how;
  if (instead === "close") stream.session?.destroy();
  if (instead !== undefined) return;
  const pieces = how.body === "echo" ? [request] : (how.body ?? []);
  if (reset !== undefined && pieces.length === 0) {
    stream.close(reset);
    return;
  }
  const head = { ":status": status, ...(headers ?? { "content-type": "application/grpc" }) };
  const bare = pieces.length === 0 && trailers === undefined;
  stream.respond(head, { endStream: bare, waitForTrailers: trailers !== undefined });
  if (bare) return;
  stream.once("wantTrailers", () => stream.sendTrailers(trailers!));
  const next = (i: number): void => {
    if (stream.destroyed) return;
    if (i < pieces.length) stream.write(pieces[i]!, () => setTimeout(next, 5, i + 1));
    else if (reset !== undefined) stream.destroy(new Error("breaks off"));
    else if (how.isOpen !== true) stream.end();
  };
  next(0);
}
