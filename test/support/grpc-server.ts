import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";

/** A message in its frame: a flag and four bytes of length in front. */
export function framed(text: string, flag = 0): Buffer {
  const message = Buffer.from(text);
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const ok = { ":status": 200, "content-type": "application/grpc", "x-first": "1st" };

type Method = (stream: http2.ServerHttp2Stream) => void;

function end(stream: http2.ServerHttp2Stream, trailers: http2.OutgoingHttpHeaders): void {
  stream.once("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end();
}

/** Answers with headers, `body` and trailers. */
function answer(body: Buffer, trailers: http2.OutgoingHttpHeaders): Method {
  return (stream) => {
    stream.respond(ok, { waitForTrailers: true });
    stream.write(body);
    end(stream, trailers);
  };
}

const done = { "grpc-status": "0", "x-last": "end" };

/** What a method of `test.Echo` does, byte for byte, also what no gRPC library would do. */
const methods: { readonly [name: string]: Method } = {
  echo: (stream) => {
    const body: Buffer[] = [];
    stream.on("data", (data: Buffer) => body.push(data));
    stream.on("end", () => answer(Buffer.concat(body), done)(stream));
  },
  fails: (stream) =>
    stream.respond(
      { ...ok, "grpc-status": "9", "grpc-message": "not %25 now", "x-last": "t" },
      { endStream: true },
    ),
  failsLate: answer(framed("lost"), { "grpc-status": "5", "grpc-message": "gone" }),
  unavailable: (stream) => stream.respond({ ":status": 503 }, { endStream: true }),
  withoutTrailers: (stream) => {
    stream.respond(ok);
    stream.end(framed("x"));
  },
  withoutStatus: answer(framed("x"), { "x-last": "end" }),
  withoutMessage: answer(Buffer.alloc(0), done),
  compressed: answer(framed("x", 1), done),
  halfMessage: answer(framed("long").subarray(0, 7), done),
  breaks: (stream) => {
    stream.respond(ok);
    stream.write(framed("x"), () => stream.session!.destroy());
  },
  silent: () => undefined,
  upper: (stream) => {
    stream.respond(ok, { waitForTrailers: true });
    stream.on("data", (data: Buffer) => {
      const text = data.subarray(5).toString().toUpperCase();
      stream.write(framed(text));
    });
    stream.on("end", () => end(stream, done));
  },
};

/** A gRPC server on the loopback, whose service is `test.Echo`. */
export class GrpcServer implements AsyncDisposable {
  /** Head of each request. */
  readonly heads: http2.IncomingHttpHeaders[] = [];
  /** Codes with which streams were reset. */
  readonly resets: number[] = [];
  /** Called instead of a method; false: the method is to be called. */
  intercept: (stream: http2.ServerHttp2Stream) => boolean = () => false;
  readonly #server = http2.createServer();
  readonly #sessions = new Set<http2.ServerHttp2Session>();

  static async start(): Promise<GrpcServer> {
    const server = new GrpcServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  private constructor() {
    this.#server.on("session", (session) => this.#sessions.add(session));
    this.#server.on("stream", (stream: http2.ServerHttp2Stream, head) => {
      this.heads.push(head);
      stream.on("error", () => undefined);
      stream.on("close", () => stream.rstCode !== 0 && this.resets.push(stream.rstCode));
      if (this.intercept(stream)) return;
      methods[head[":path"]!.replace("/test.Echo/", "")]!(stream);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
