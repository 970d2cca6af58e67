import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { duplexPair } from "node:stream";

/** A request as Node's own parser (llhttp) sees it. */
export interface LlhttpRequest {
  method: string;
  target: string;
  /** Names in lower case, values as they came. */
  headers: [string, string][];
  body: string;
  complete: boolean;
}

export interface LlhttpVerdict {
  requests: LlhttpRequest[];
  /** The parser's error code, when it found one. */
  error: string | undefined;
}

function fieldsOf(message: IncomingMessage): [string, string][] {
  const fields: [string, string][] = [];
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    fields.push([message.rawHeaders[i]!.toLowerCase(), message.rawHeaders[i + 1]!]);
  }
  return fields;
}

/** What llhttp, in its strict defaults, makes of the bytes that a client sends before it ends. */
export async function readRequests(bytes: Buffer): Promise<LlhttpVerdict> {
  const verdict: LlhttpVerdict = { requests: [], error: undefined };
  const onRequest = (message: IncomingMessage, response?: { end(): void }): void => {
    const request: LlhttpRequest = {
      method: message.method!,
      target: message.url!,
      headers: fieldsOf(message),
      body: "",
      complete: false,
    };
    verdict.requests.push(request);
    message.on("data", (chunk: Buffer) => {
      request.body += chunk.toString("latin1");
    });
    message.on("end", () => {
      request.complete = true;
      response?.end();
    });
    message.on("error", () => undefined);
  };
  const server = createServer({ requireHostHeader: false, maxHeaderSize: 128 * 1024 });
  server.maxHeadersCount = 10_000;
  server.timeout = 0;
  server.on("request", onRequest);
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  server.on("connect", (message: IncomingMessage) => onRequest(message));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    verdict.error = error.code ?? error.message;
    // Later, so that what was parsed before the error is still delivered.
    setImmediate(() => setImmediate(() => socket.destroy()));
  });
  const [client, peer] = duplexPair();
  server.emit("connection", peer);
  client.on("error", () => undefined);
  client.resume();
  const closed = new Promise<void>((resolve) => {
    peer.on("close", resolve);
    client.on("close", resolve);
  });
  client.end(bytes);
  await closed;
  server.closeAllConnections();
  return verdict;
}

/** A response as Node's own client sees it. */
export interface LlhttpResponse {
  status: number;
  headers: [string, string][];
  body: string;
  complete: boolean;
}

/** What llhttp makes of the bytes that a server sends, before it closes, in answer to one request. */
export async function readResponse(
  bytes: Buffer,
  method: string,
): Promise<LlhttpResponse | undefined> {
  const [client, server] = duplexPair();
  server.on("error", () => undefined);
  client.on("error", () => undefined);
  server.resume();
  const verdict = await new Promise<LlhttpResponse | undefined>((resolve) => {
    const request = httpRequest({
      method,
      createConnection: () => client,
      maxHeaderSize: 128 * 1024,
      headers: { host: "a" },
    });
    let answered = false;
    request.on("error", () => {
      if (!answered) resolve(undefined);
    });
    request.on("upgrade", () => resolve(undefined));
    request.on("response", (message) => {
      answered = true;
      const response: LlhttpResponse = {
        status: message.statusCode!,
        headers: fieldsOf(message),
        body: "",
        complete: false,
      };
      message.on("data", (chunk: Buffer) => {
        response.body += chunk.toString("latin1");
      });
      message.on("error", () => resolve(response));
      message.on("close", () => {
        response.complete = message.complete;
        resolve(response);
      });
    });
    request.end();
    server.end(bytes);
  });
  client.destroy();
  server.destroy();
  return verdict;
}
