import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@bufbuild/protobuf";

const folder = fileURLToPath(new URL("../fixtures/tls/", import.meta.url));

/** A file of the test material (`fixtures/tls/make.sh`). */
export const tlsFile = (name: string): string => path.join(folder, name);
export const tlsText = (name: string): string => readFileSync(tlsFile(name), "utf8");

/** A `TlsCertificate` whose parts come from files. */
export const certificate = (name: string): JsonObject => ({
  certificate_chain: { filename: tlsFile(`${name}-cert.pem`) },
  private_key: { filename: tlsFile(`${name}-key.pem`) },
});

/** A listener's transport socket. */
export function downstreamTls(common: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      common_tls_context: common,
      ...more,
    },
  };
}

/** A cluster's transport socket. */
export function upstreamTls(context: JsonObject): JsonObject {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      ...context,
    },
  };
}

/** The identity of a client. */
export const clientIdentity = (name: string): tls.ConnectionOptions => ({
  cert: tlsText(`${name}-cert.pem`),
  key: tlsText(`${name}-key.pem`),
});

/** Connects as somebody who trusts the test authority; rejects when the handshake fails. */
export async function connectTls(
  port: number,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    servername: "server.test",
    ca: tlsText("ca-cert.pem"),
    ...options,
  });
  await once(socket, "secureConnect");
  return socket;
}

/** What a TLS server does with a client: `echo` (bytes came back), `closed`, or the error's code. */
export async function outcome(port: number, options: tls.ConnectionOptions = {}): Promise<string> {
  let socket: tls.TLSSocket;
  try {
    socket = await connectTls(port, options);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  return new Promise((resolve) => {
    socket.on("data", () => {
      resolve("echo");
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on("close", () => resolve("closed"));
    socket.write("hello");
  });
}
