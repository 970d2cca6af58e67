import { TestClient } from "./hcm-server.ts";

export interface Answer {
  readonly status: number;
  /** Names in lower case; values of one name joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** Without the framing of chunks. */
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

/** A request of these parts, as bytes. */
export function requestText(question: Question = {}): string {
  const { method = "GET", path = "/", host = "test", body } = question;
  const headers = Object.entries(question.headers ?? {}).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const length = body === undefined ? [] : [`content-length: ${Buffer.byteLength(body, "latin1")}`];
  const head = [`${method} ${path} HTTP/1.1`, `host: ${host}`, ...headers, ...length].join("\r\n");
  return `${head}\r\n\r\n${body ?? ""}`;
}

export function parseAnswer(text: string): Answer {
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...fields] = text.slice(0, end).split("\r\n");
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  const raw = text.slice(end + 4);
  const body = headers.get("transfer-encoding") === "chunked" ? joinChunks(raw) : raw;
  return { status: Number(statusLine.split(" ")[1]), headers, body };
}

function joinChunks(raw: string): string {
  let body = "";
  for (let at = 0; ;) {
    const line = raw.indexOf("\r\n", at);
    const size = Number.parseInt(raw.slice(at, line), 16);
    if (line < 0 || !(size > 0)) return body;
    body += raw.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

/** Asks on an open connection. */
export async function ask(client: TestClient, question: Question = {}): Promise<Answer> {
  client.send(requestText(question));
  return parseAnswer(await client.response(question.method === "HEAD"));
}

/** Asks on a connection of its own. */
export async function askOnce(port: number, question: Question = {}): Promise<Answer> {
  await using client = await TestClient.connect(port);
  // Awaited, since leaving this function closes the connection.
  return await ask(client, question);
}
