import type net from "node:net";
import { TestUpstream } from "../../support/router-server.ts";
import { firstMessage } from "./message.ts";
import { show } from "./traffic.ts";

// The servers behind the proxy. What they answer is told by the request's query: `answer=chunks`.

const answers: { readonly [name: string]: readonly string[] } = {
  empty: ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
  "no-content": ["HTTP/1.1 204 No Content\r\nx-empty: yes\r\n\r\n"],
  teapot: ["HTTP/1.1 418 Short and Stout\r\ncontent-length: 6\r\n\r\nteapot"],
  failure: ["HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops"],
  denied: ["HTTP/1.1 403 Forbidden\r\nx-reason: none\r\ncontent-length: 2\r\n\r\nno"],
  chunks: [
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "7\r\n world!\r\n",
    "0\r\n\r\n",
  ],
  trailers: [
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "0\r\nx-trailer: one\r\nx-other: two\r\n\r\n",
  ],
  big: [`HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n${"b".repeat(40_000)}`],
  json: [
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 37\r\n\r\n{"name":"x","secret":"y","n":[1,2,3]}',
  ],
  cookies: [
    "HTTP/1.1 200 OK\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n",
  ],
  hints: [
    "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
  ],
  bytes: ["HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n\0a\x80\xff\r\n\t\0"],
  cut: ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"],
  reset: [],
};

/** How long between the parts of an answer, so that they arrive one by one. */
const pauseMs = 5;

export interface ServerPorts {
  readonly upstream: number;
  /** A second upstream. */
  readonly other: number;
  readonly callout: number;
  /** Takes requests and never answers. */
  readonly silent: number;
}

export class Servers implements AsyncDisposable {
  readonly ports: ServerPorts;
  readonly #all: readonly TestUpstream[];
  readonly #received: Received;

  static async start(): Promise<Servers> {
    const received = new Received();
    const all = await Promise.all(
      ["upstream", "other", "callout", "silent"].map((label) =>
        TestUpstream.start((socket) => serve(label, socket, received)),
      ),
    );
    return new Servers(all, received);
  }

  private constructor(all: readonly TestUpstream[], received: Received) {
    this.#all = all;
    this.#received = received;
    const [upstream, other, callout, silent] = all.map(({ port }) => port) as [
      number,
      number,
      number,
      number,
    ];
    this.ports = { upstream, other, callout, silent };
  }

  /** What has been received since it was last taken. */
  take(): string[] {
    return this.#received.take();
  }

  /** Resolves when this has come since requests were last taken, as a part of whatever request. */
  untilSeen(text: string): Promise<void> {
    return this.#received.untilSeen(text);
  }

  /** Resolves when this many requests have come since they were last taken. */
  untilReceived(count: number): Promise<void> {
    return this.#received.until(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#all) await each[Symbol.asyncDispose]();
  }
}

class Received {
  #requests: string[] = [];
  #bytes = "";
  #waiting: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  add(request: string): void {
    this.#requests.push(request);
    this.#wake();
  }

  see(bytes: string): void {
    this.#bytes += bytes;
    this.#wake();
  }

  take(): string[] {
    const taken = this.#requests;
    this.#requests = [];
    this.#bytes = "";
    return taken;
  }

  until(count: number): Promise<void> {
    return this.#when(() => this.#requests.length >= count);
  }

  untilSeen(text: string): Promise<void> {
    return this.#when(() => this.#bytes.includes(text));
  }

  #when(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ met, resolve }));
  }

  #wake(): void {
    this.#waiting = this.#waiting.filter(({ met, resolve }) => {
      if (!met()) return true;
      resolve();
      return false;
    });
  }
}

function serve(label: string, socket: net.Socket, received: Received): void {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    received.see(chunk.toString("latin1"));
    for (;;) {
      const request = firstMessage(text, { answer: false });
      if (request === undefined) return;
      text = text.slice(request.length);
      received.add(`${label}\n${show(request)}`);
      if (label !== "silent") void answer(socket, label, request.head.split("\r\n", 1)[0]!);
    }
  });
}

async function answer(socket: net.Socket, label: string, line: string): Promise<void> {
  const name = /[?&]answer=([-\w]+)/.exec(line)?.[1] ?? "";
  if (name === "reset") return void socket.resetAndDestroy();
  const body = `${label} ${line}`;
  const echo = `HTTP/1.1 200 OK\r\nx-double: 1\r\nx-double: 2\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  for (const [i, part] of (answers[name] ?? [echo]).entries()) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    socket.write(part, "latin1");
  }
  if (name === "cut") socket.end();
}
