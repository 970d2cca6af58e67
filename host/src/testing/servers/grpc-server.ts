import http2 from "node:http2";
import type { Duplex } from "node:stream";
import type { GrpcAnswer, HeaderList } from "../suite/suite.ts";
import { type Received, Script, type ServerEnvironment } from "./received.ts";

const notImplemented: GrpcAnswer = {
  when: undefined,
  delayMs: 0,
  instead: undefined,
  messages: [],
  status: 12,
  message: "no answer is for it",
  headers: [],
  trailers: [],
};

/** A gRPC service that answers as the suite says. */
export class GrpcServer {
  readonly #name: string;
  readonly #script: Script<GrpcAnswer>;
  readonly #environment: ServerEnvironment;
  readonly #server = http2.createServer();

  constructor(name: string, answers: readonly GrpcAnswer[], environment: ServerEnvironment) {
    this.#name = name;
    this.#script = new Script(answers);
    this.#environment = environment;
    this.#server.on("stream", (stream, _headers, _flags, raw) =>
      this.#onStream(stream as http2.ServerHttp2Stream, raw),
    );
    this.#server.on("sessionError", () => undefined);
  }

  /** The proxy has connected. */
  serve(socket: Duplex): void {
    this.#server.emit("connection", socket);
  }

  #onStream(stream: http2.ServerHttp2Stream, raw: readonly string[]): void {
    const request = requestOf(this.#name, raw);
    this.#environment.requests.push(request);
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => {
      request.body = Buffer.concat([request.body, chunk]);
      takeMessages(request);
      this.#environment.changed();
    });
    stream.on("end", () => {
      request.complete = true;
      this.#environment.changed();
      this.#answer(stream, request);
    });
  }

  #answer(stream: http2.ServerHttp2Stream, request: Received): void {
    const answer = this.#script.answer(request) ?? notImplemented;
    if (answer.instead === "never") return;
    const act = (): void => {
      if (stream.destroyed) return;
      if (answer.instead === "reset") stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      else write(stream, answer);
      this.#environment.changed();
    };
    if (answer.delayMs > 0) this.#environment.later(answer.delayMs, act);
    else act();
  }
}

function requestOf(server: string, raw: readonly string[]): Received {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) headers.push([raw[i]!, raw[i + 1]!]);
  const pseudo = (name: string): string => headers.find(([each]) => each === name)?.[1] ?? "";
  return {
    server,
    method: pseudo(":method"),
    path: pseudo(":path"),
    headers: headers.filter(([name]) => !name.startsWith(":")),
    body: Buffer.alloc(0),
    trailers: undefined,
    complete: false,
    messages: [],
  };
}

const prefixBytes = 5;

function takeMessages(request: Received): void {
  const messages: Buffer[] = [];
  let at = 0;
  while (at + prefixBytes <= request.body.length) {
    const end = at + prefixBytes + request.body.readUInt32BE(at + 1);
    if (end > request.body.length) break;
    messages.push(request.body.subarray(at + prefixBytes, end));
    at = end;
  }
  request.messages!.splice(0, Infinity, ...messages);
}

function write(stream: http2.ServerHttp2Stream, answer: GrpcAnswer): void {
  const { status, message } = answer;
  const trailers = {
    "grpc-status": String(status),
    ...(message !== "" && { "grpc-message": encodeURIComponent(message) }),
    ...fieldsOf(answer.trailers),
  };
  const head = { ":status": 200, "content-type": "application/grpc", ...fieldsOf(answer.headers) };
  stream.respond(head, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  for (const each of answer.messages) {
    const prefix = Buffer.alloc(prefixBytes);
    prefix.writeUInt32BE(each.length, 1);
    stream.write(Buffer.concat([prefix, each]));
  }
  stream.end();
}

function fieldsOf(headers: HeaderList): { [name: string]: string[] } {
  const fields: { [name: string]: string[] } = {};
  for (const [name, value] of headers) (fields[name] ??= []).push(value);
  return fields;
}
