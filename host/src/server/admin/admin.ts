import { chmodSync, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { addressText, ipAddress } from "../../common/address.ts";
import type { Address } from "../../contracts/address.ts";
import type { Result } from "../../contracts/result.ts";
import { logAdminAccess } from "./admin-access.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { type AdminResponse, type BodyOutput, parseParams, textResponse } from "./admin-request.ts";
import { endpointOf, helpText } from "./endpoints.ts";
import { refusal } from "./guard.ts";

const maxConnections = 1024;
const maxBodyBytes = 64 * 1024;
/** Pieces of a long answer that are written before other work gets its turn. */
const piecesPerTurn = 1000;

/** The admin interface, once it listens. */
export interface Admin {
  /** With the port that the kernel chose. */
  readonly address: Address;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

/** Starts the admin interface; an error is a text for the operator. */
export async function createAdmin(deps: AdminDeps): Promise<Result<Admin, string>> {
  const server = createServer((request, response) => {
    handle(request, response, deps).catch((error: unknown) => {
      deps.log.error(`admin request ${request.url ?? ""} failed: ${String(error)}`);
      response.destroy();
    });
  });
  server.maxConnections = maxConnections;
  try {
    await listen(server, deps.address);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      error: `the admin interface cannot listen on ${addressText(deps.address)}: ${reason}`,
    };
  }
  server.on("error", (error) => deps.log.error(`admin: ${error.message}`));
  const address = boundAddress(server, deps.address);
  deps.log.info(`admin address: ${addressText(address)}`);
  return { ok: true, value: { address, close: () => closeServer(server) } };
}

async function listen(server: Server, address: Address): Promise<void> {
  if (address.kind === "ip") {
    return listenOnce(server, { host: address.ip, port: address.port });
  }
  const path = address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path;
  try {
    await listenOnce(server, { path });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || (await answers(path)))
      throw error;
    // Left behind by a process that was killed.
    unlinkSync(path);
    await listenOnce(server, { path });
  }
  if (address.mode !== 0 && !path.startsWith("\0")) chmodSync(path, address.mode);
}

function listenOnce(
  server: Server,
  where: { host: string; port: number } | { path: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function boundAddress(server: Server, wanted: Address): Address {
  const bound = server.address() as AddressInfo | string | null;
  if (bound === null || typeof bound === "string") return wanted;
  return ipAddress(bound.address, bound.port) ?? wanted;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  deps: AdminDeps,
): Promise<void> {
  const startMs = deps.time.monotonicMs();
  const form = await readForm(request);
  const answer =
    form === undefined
      ? textResponse(413, "Payload Too Large")
      : await respond(request, form, deps);
  if (deps.accessLogs.length > 0) {
    response.once("close", () => logAdminAccess(deps, request, response, startMs));
  }
  await send(request, response, answer);
  answer.afterwards?.();
}

function respond(
  request: IncomingMessage,
  form: string,
  deps: AdminDeps,
): AdminResponse | Promise<AdminResponse> {
  const method = request.method ?? "GET";
  const url = request.url ?? "/";
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  const endpoint = endpointOf(path);
  const mutates = endpoint?.mutates ?? false;
  const { host, origin } = request.headers;
  const fetchSite = request.headers["sec-fetch-site"]?.toString();
  const reason = refusal({ host, origin, fetchSite, mutates }, deps.address);
  if (reason !== undefined) {
    deps.log.warning(`admin request for ${path} refused: ${reason}`);
    return textResponse(403, `Forbidden: ${reason}\n`);
  }
  if (endpoint === undefined) return textResponse(404, `invalid path. ${helpText()}`);
  if (mutates && method !== "POST") {
    deps.log.error(`admin path "${path}" mutates state, method=${method} rather than POST`);
    return textResponse(405, `Method ${method} not allowed, POST required.`);
  }
  const query = question < 0 ? "" : url.slice(question + 1);
  const params = parseParams(query === "" ? form : query);
  return endpoint.handle({ method, path, params }, deps);
}

/** The body of a form; empty for anything else, undefined when it is too long. */
async function readForm(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  if (bytes > maxBodyBytes) return undefined;
  const type = request.headers["content-type"] ?? "";
  const isForm = type.toLowerCase().startsWith("application/x-www-form-urlencoded");
  return isForm ? Buffer.concat(chunks).toString("utf8") : "";
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: AdminResponse,
): Promise<void> {
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "cache-control": "no-cache, max-age=0",
    "x-content-type-options": "nosniff",
    server: "envoy",
  });
  if (request.method === "HEAD") response.end();
  else if (typeof answer.body === "string") response.end(answer.body);
  else if (typeof answer.body === "function") await sendFrom(response, answer.body);
  else await sendPieces(response, answer.body);
}

/** Lets `body` write; each piece is on its way at once. */
async function sendFrom(
  response: ServerResponse,
  body: (output: BodyOutput) => Promise<void>,
): Promise<void> {
  response.flushHeaders();
  await body({
    write: async (text) => {
      if (response.destroyed || response.writableEnded) return;
      if (!response.write(text)) await drained(response);
    },
    onGone: (callback) => response.once("close", callback),
  });
  response.end();
}

/** A long answer: written in turns, no faster than it is read. */
async function sendPieces(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  let text = "";
  let count = 0;
  for (const piece of pieces) {
    text += piece;
    count += 1;
    if (count % piecesPerTurn !== 0) continue;
    if (!response.write(text)) await drained(response);
    text = "";
    await new Promise((resolve) => setImmediate(resolve));
    if (response.destroyed) return;
  }
  response.end(text);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off("drain", go);
      response.off("close", go);
      resolve();
    };
    response.on("drain", go);
    response.on("close", go);
  });
}
