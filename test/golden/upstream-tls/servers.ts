import { once } from "node:events";
import http2 from "node:http2";
import http from "node:http";
import net from "node:net";
import tls from "node:tls";
import { freePort } from "../../support/ports.ts";
import { tlsText } from "../../support/tls.ts";
import type { ServerName } from "./cases.ts";

type SecureOptions = http2.SecureServerOptions;

const identity = (name: string): SecureOptions => ({
  cert: tlsText(`${name}-cert.pem`),
  key: tlsText(`${name}-key.pem`),
});
const good: SecureOptions = {
  ...identity("server"),
  ca: tlsText("ca-cert.pem"),
  requestCert: true,
  rejectUnauthorized: false,
};

const secure: { readonly [name: string]: SecureOptions } = {
  good,
  modern: { ...good, minVersion: "TLSv1.3" },
  expired: identity("expired"),
  stranger: identity("stranger"),
  wildcard: identity("wildcard"),
  deep: identity("deep"),
  demanding: { ...good, rejectUnauthorized: true },
  "other cipher": { ...good, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" },
};

const http1: { readonly [name: string]: tls.TlsOptions } = {
  "http1 only": { ...good, ALPNProtocols: ["http/1.1"] },
  // A server that does not know the extension.
  "without alpn": good,
};

const bare: { readonly [name: string]: (socket: net.Socket) => void } = {
  plain: (socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  ends: (socket) => void socket.end(),
  resets: (socket) => void socket.resetAndDestroy(),
  silent: () => undefined,
};

/** Starts a server; it answers with what it saw. */
export async function startServer(name: ServerName): Promise<{ port: number; close: () => void }> {
  if (name === "absent") return { port: await freePort(), close: () => undefined };
  const sockets = new Set<net.Socket>();
  const server = serverOf(name);
  server.on("connection", (socket: net.Socket) => sockets.add(socket.on("error", () => undefined)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serverOf(name: ServerName): net.Server {
  const behave = bare[name];
  if (behave !== undefined) {
    return net.createServer((socket) => void socket.once("data", () => behave(socket)));
  }
  const options = http1[name];
  if (options !== undefined) {
    const requests = http.createServer({ keepAliveTimeout: 0 }, answer);
    return tls.createServer(options, (socket) => void requests.emit("connection", socket));
  }
  const server = http2.createSecureServer({ allowHTTP1: true, ...secure[name]! });
  server.on("request", answer as unknown as () => void);
  server.on("sessionError", () => undefined);
  // Connections of HTTP/1 stay, however slow the machine is.
  (server as unknown as http.Server).keepAliveTimeout = 0;
  return server as unknown as net.Server;
}

function answer(
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse,
): void {
  const socket = ("stream" in request
    ? request.stream.session!.socket
    : request.socket) as unknown as tls.TLSSocket;
  const { CN = null } = (socket.getPeerCertificate()?.subject ?? {}) as { CN?: string };
  response.end(
    JSON.stringify({
      http: request.httpVersion,
      sni: (socket as unknown as { readonly servername: string | false }).servername || null,
      alpn: socket.alpnProtocol || null,
      version: socket.getProtocol(),
      client: CN,
      resumed: socket.isSessionReused(),
    }),
  );
}
