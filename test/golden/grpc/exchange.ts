import http from "node:http";
import http2 from "node:http2";
import type { Answer } from "./upstream.ts";
import { stableHeaders } from "./upstream.ts";

/** One request, and what the upstream does with it. */
export interface GrpcCase {
  readonly name: string;
  /** Of `scenario.ts`. */
  readonly listener: string;
  readonly protocol?: "HTTP/1.1" | "HTTP/2";
  /** Default: POST. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  /** Sent one by one; absent: no body. */
  readonly body?: readonly Buffer[];
  readonly trailers?: { readonly [name: string]: string };
  readonly answer?: Answer;
}

/** A message in its frame. */
export function framed(message: Buffer | string, flag = 0): Buffer {
  const bytes = Buffer.from(message as string, "latin1");
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const patienceMs = 20_000;

/** What the client gets: head, body as text of one byte per character, trailers, and how it ended. */
export async function exchange(port: number, request: GrpcCase): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("no end"), patienceMs);
  });
  const ask = request.protocol === "HTTP/1.1" ? overHttp1 : overHttp2;
  const got = await Promise.race([ask(port, request), tooLate]);
  clearTimeout(timer);
  return got;
}

const shown = (headers: http2.IncomingHttpHeaders): string =>
  JSON.stringify(stableHeaders(headers));
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

async function overHttp2(port: number, request: GrpcCase): Promise<string> {
  const { method = "POST", path, headers, body, trailers } = request;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  const head = { ":method": method, ":path": path, "x-case": encodeURI(request.name), ...headers };
  const options = { endStream: body === undefined, waitForTrailers: trailers !== undefined };
  const stream = session.request(head, options);
  let text = "";
  const bytes: Buffer[] = [];
  stream.on("wantTrailers", () => stream.sendTrailers(trailers!));
  stream.on("response", (got) => (text = shown(got)));
  stream.on("data", (piece: Buffer) => bytes.push(piece));
  let end = "";
  stream.on("trailers", (got: http2.IncomingHttpHeaders) => (end = ` trailers ${shown(got)}`));
  stream.on("error", () => undefined);
  const closed = new Promise((resolve) => stream.once("close", resolve));
  for (const piece of body ?? []) {
    if (stream.destroyed) break;
    stream.write(piece);
    await pause();
  }
  if (body !== undefined && !stream.destroyed) stream.end();
  await closed;
  session.destroy();
  const reset = stream.rstCode === 0 ? "" : ` reset ${stream.rstCode}`;
  return `${text} ${JSON.stringify(Buffer.concat(bytes).toString("latin1"))}${end}${reset}`;
}

async function overHttp1(port: number, request: GrpcCase): Promise<string> {
  const { method = "POST", path, headers, body } = request;
  const sent = http.request({
    port,
    host: "127.0.0.1",
    method,
    path,
    agent: false,
    headers: { "x-case": encodeURI(request.name), ...headers },
  });
  const answered = new Promise<http.IncomingMessage | Error>((resolve) => {
    sent.on("response", resolve);
    sent.on("error", resolve);
  });
  for (const piece of body ?? []) {
    sent.write(piece);
    await pause();
  }
  sent.end();
  const response = await answered;
  if (response instanceof Error) return "no response";
  const bytes: Buffer[] = [];
  let end = "";
  response.on("data", (piece: Buffer) => bytes.push(piece));
  response.on("error", () => (end = " cut off"));
  await new Promise((resolve) => response.once("close", resolve));
  const head = { ":status": String(response.statusCode), ...response.headers };
  const text = JSON.stringify(Buffer.concat(bytes).toString("latin1"));
  const names = Object.keys(response.trailers);
  const trailers = names.length === 0 ? "" : ` trailers ${JSON.stringify(response.trailers)}`;
  return `${shown(head)} ${text}${trailers}${end}`;
}
