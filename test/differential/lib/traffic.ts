import net from "node:net";
import { firstMessage, plain, type WholeMessage } from "./message.ts";

/** What a client sends, and what is known of a difference between Sluice and Envoy. */
export interface TrafficCase {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly version?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  /** Parts of the body that are sent as chunks, instead of `body`. */
  readonly chunks?: readonly string[];
  /** Each chunk but the first is sent when a server has the one before. */
  readonly stepwise?: boolean;
  /** Behind the chunks. */
  readonly trailers?: { readonly [name: string]: string };
  /** How often the same request is sent, each on a connection of its own; default: once. */
  readonly times?: number;
  /** The client goes away once the servers have received this many requests. */
  readonly leavesAfter?: number;
  /** What the log must have shown before the case is over, where it comes after the answer. */
  readonly until?: string;
  /** Lines of the log whose order is open are compared as a set. */
  readonly anyOrder?: boolean;
  /** Why the two differ; the table in the documents has it, too. */
  readonly differs?: string;
}

/** What one run of a case showed. */
export interface Seen {
  readonly client: readonly string[];
  readonly servers: readonly string[];
  readonly log: readonly string[];
  /** By how much counters and gauges changed. */
  readonly stats: { readonly [name: string]: number };
}

/** The request as it is sent: in one piece, or head and first chunk, then the other chunks, then its end. */
export function piecesOf(each: TrafficCase): string[] {
  if (each.stepwise !== true) return [requestOf(each)];
  const { chunks = [], trailers = {} } = each;
  const head = requestOf({ ...each, chunks: [], trailers: {} }).slice(0, -"0\r\n\r\n".length);
  const pieces = chunks.map((part) => chunk(part));
  return [head + pieces[0]!, ...pieces.slice(1), chunked([], trailers)];
}

export function requestOf(each: TrafficCase): string {
  const { method, headers = {}, body, chunks, trailers = {}, version = "1.1" } = each;
  const verb = method ?? (body === undefined && chunks === undefined ? "GET" : "POST");
  const lines = [`${verb} ${each.path} HTTP/${version}`];
  if (headers["host"] === undefined) lines.push("host: test");
  for (const [name, value] of Object.entries(headers)) {
    // A case without the header says so by an empty one.
    if (name !== "host" || value !== "") lines.push(`${name}: ${value}`);
  }
  if (body !== undefined) lines.push(`content-length: ${body.length}`);
  if (chunks !== undefined) lines.push("transfer-encoding: chunked");
  lines.push("connection: close");
  return `${lines.join("\r\n")}\r\n\r\n${chunks === undefined ? (body ?? "") : chunked(chunks, trailers)}`;
}

function chunked(chunks: readonly string[], trailers: { readonly [name: string]: string }): string {
  const parts = chunks.map(chunk);
  const last = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${parts.join("")}0\r\n${last.join("")}\r\n`;
}

function chunk(part: string): string {
  return `${part.length.toString(16)}\r\n${part}\r\n`;
}

/** Longer than any case takes: what is cut off by it is a failure. */
const patienceMs = 20_000;

export interface ExchangeOptions {
  readonly toHead?: boolean;
  /** The client goes away then. */
  readonly leaving?: Promise<void>;
  /** Resolves when the next piece may be sent, the one with this number. */
  readonly before?: (piece: number) => Promise<void>;
}

/** One request on a connection of its own: the answer, `cut` where it ended before its end, and all that came. */
export function exchange(
  port: number,
  pieces: readonly string[],
  options: ExchangeOptions = {},
): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  const { toHead = false } = options;
  let received = "";
  const answer = (closed: boolean): string | undefined => {
    let shown = "";
    for (let rest = received; ;) {
      const message = firstMessage(rest, { answer: true, toHead, closed });
      if (message === undefined) return closed ? `${shown}<cut>${plain(rest)}` : undefined;
      shown += show(message);
      if (!/^HTTP\/1\.1 1\d\d /.test(message.head)) return shown;
      rest = rest.slice(message.length);
    }
  };
  return new Promise((resolve) => {
    const impatience = setTimeout(() => socket.destroy(), patienceMs);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      // Envoy leaves the connection open for a second, so that nothing it sent is lost.
      if (answer(false) !== undefined) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(impatience);
      resolve(answer(false) ?? answer(true)!);
    });
    void options.leaving?.then(() => socket.destroy());
    void send(socket, pieces, options);
  });
}

async function send(
  socket: net.Socket,
  pieces: readonly string[],
  options: ExchangeOptions,
): Promise<void> {
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) await options.before?.(i);
    socket.write(piece, "latin1");
  }
}

/** A message as it is compared. */
export function show(message: WholeMessage): string {
  const { head, body, trailers } = message;
  const end = trailers.length === 0 ? "" : `\r\n<trailers>\r\n${trailers.join("\r\n")}`;
  return `${plain(head)}\r\n\r\n${plain(body)}${end}`;
}
