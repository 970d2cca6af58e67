import type { Duplex } from "node:stream";
import { Http1Reader, type MessageHead } from "../net/http1-reader.ts";
import { writeData, writeEnd, writeHead } from "../net/http1-writer.ts";
import type { Answer } from "../suite/suite.ts";
import { type Received, Script, type ServerEnvironment } from "./received.ts";

const plainAnswer: Answer = {
  when: undefined,
  delayMs: 0,
  instead: undefined,
  status: 200,
  headers: [],
  chunks: [],
  whole: true,
  trailers: undefined,
};

/** What asks for nothing, but may be asked for it. */
const unasked: Answer = {
  ...plainAnswer,
  status: 404,
  chunks: [Buffer.from("no answer is for it\n")],
};

/** A server of HTTP/1.1 that answers as the suite says. */
export class HttpServer {
  readonly #name: string;
  readonly #script: Script<Answer>;
  readonly #isEmpty: boolean;
  readonly #environment: ServerEnvironment;

  constructor(name: string, answers: readonly Answer[], environment: ServerEnvironment) {
    this.#name = name;
    this.#script = new Script(answers);
    this.#isEmpty = answers.length === 0;
    this.#environment = environment;
  }

  /** The proxy has connected. */
  serve(socket: Duplex): void {
    const environment = this.#environment;
    let request: Received | undefined;
    const reader = new Http1Reader(
      {
        onHead: (head) => {
          request = requestOf(this.#name, head);
          environment.requests.push(request);
          environment.changed();
          return "framed";
        },
        onData: (data) => {
          request!.body = Buffer.concat([request!.body, data]);
          environment.changed();
        },
        onEnd: (trailers) => {
          request!.trailers = trailers;
          request!.complete = true;
          environment.changed();
          this.#answer(socket, request!);
        },
      },
      { responses: false },
    );
    socket.on("data", (chunk: Buffer) => reader.take(chunk));
    socket.on("end", () => socket.end());
    socket.on("error", () => undefined);
  }

  #answer(socket: Duplex, request: Received): void {
    const answer = this.#script.answer(request) ?? (this.#isEmpty ? plainAnswer : unasked);
    if (answer.instead === "never") return;
    const act = (): void => {
      if (socket.destroyed) return;
      if (answer.instead === "reset") closeHard(socket);
      else write(socket, request, answer, this.#environment);
      this.#environment.changed();
    };
    if (answer.delayMs > 0) this.#environment.later(answer.delayMs, act);
    else act();
  }
}

/** With RST where the connection knows how. */
export function closeHard(socket: Duplex & { resetAndDestroy?(): void }): void {
  if (socket.resetAndDestroy === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

function requestOf(server: string, { start, headers }: MessageHead): Received {
  const [method, path] = start;
  const body = Buffer.alloc(0);
  const rest = { body, trailers: undefined, complete: false, messages: undefined };
  return { server, method, path, headers, ...rest };
}

/** Statuses whose responses have no body. */
const bodiless = new Set([204, 304]);

function write(
  socket: Duplex,
  request: Received,
  answer: Answer,
  environment: ServerEnvironment,
): void {
  const { status, headers, chunks, whole, trailers } = answer;
  const hasNone = bodiless.has(status);
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const known = whole && trailers === undefined;
  const length = hasNone ? "none" : known ? total : "chunks";
  const chunked = writeHead(socket, `HTTP/1.1 ${status} ${reasonOf(status)}`, headers, length);
  if (hasNone || request.method === "HEAD") return;
  const writeFrom = (at: number): void => {
    const chunk = chunks[at];
    if (chunk !== undefined) writeData(socket, chunk, chunked);
    const isLast = at + 1 >= chunks.length && trailers === undefined;
    if (isLast || chunk === undefined) writeEnd(socket, trailers, chunked);
    // Filters see chunks one by one.
    else environment.soon(() => writeFrom(at + 1));
  };
  writeFrom(0);
}

const reasons: { readonly [status: number]: string } = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

function reasonOf(status: number): string {
  return reasons[status] ?? "Status";
}
