import net from "node:net";
import tls from "node:tls";
import type { ClientCase } from "./cases.ts";

/** What a client saw. */
export interface Seen {
  /** The answer's status line, headers that matter and body; what came instead; empty when nothing did. */
  readonly answer: string;
  /** Of the handshake: version, cipher, whose certificate, protocol. */
  readonly handshake?: readonly string[];
  readonly resumed?: boolean;
}

const patienceMs = 30_000;

/** Connects, does what the case says, and reads until the other side closes. */
export async function visit(client: ClientCase, port: number): Promise<Seen> {
  if (client.tls === undefined) {
    const socket = net.connect(port, "127.0.0.1");
    return { answer: await exchange(socket, client) };
  }
  const first = await secure(client, port, client.tls);
  if (client.again !== true) return first.seen;
  const session = first.session === undefined ? {} : { session: first.session };
  return (await secure(client, port, { ...client.tls, ...session })).seen;
}

async function secure(
  client: ClientCase,
  port: number,
  options: tls.ConnectionOptions,
): Promise<{ seen: Seen; session: Buffer | undefined }> {
  const socket = tls.connect({ host: "127.0.0.1", port, ...options });
  let session: Buffer | undefined;
  let handshake: string[] | undefined;
  let resumed = false;
  socket.on("session", (given: Buffer) => (session ??= given));
  socket.on("secureConnect", () => {
    const { CN } = socket.getPeerCertificate().subject ?? { CN: "" };
    const protocol = socket.alpnProtocol || "none";
    handshake = [socket.getProtocol()!, socket.getCipher().name, String(CN), protocol];
    resumed = socket.isSessionReused();
  });
  const answer = await exchange(socket, client);
  // What comes of a handshake that the server refuses afterwards is a matter of time.
  const shown = answer === "" ? {} : { handshake: handshake ?? [], resumed };
  return { seen: { answer, ...shown }, session };
}

async function exchange(socket: net.Socket, client: ClientCase): Promise<string> {
  const received: Buffer[] = [];
  socket.on("error", () => undefined).on("data", (chunk: Buffer) => received.push(chunk));
  const fields = Object.entries(client.headers ?? {}).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const get = `GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n${fields.join("")}\r\n`;
  if (client.sends === "") socket.end();
  else socket.write(client.sends ?? get, "latin1");
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  await new Promise((resolve) => socket.once("close", resolve));
  clearTimeout(timer);
  return stable(Buffer.concat(received).toString("latin1"));
}

/** The status line and the body of HTTP/1; the first bytes of anything else, but for what OpenSSL words itself. */
function stable(text: string): string {
  const http = /^(HTTP\/1\.1 \d+)[^]*?\r\n\r\n([^]*)$/.exec(text);
  if (http !== null) return `${http[1]}\n${http[2]}`;
  return text === "" ? "" : `${text.length > 0 ? "bytes" : ""}`;
}
