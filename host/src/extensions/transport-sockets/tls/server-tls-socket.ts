import { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Timer } from "../../../contracts/event.ts";
import type { Logger } from "../../../contracts/log.ts";
import type { SslConnectionInfo } from "../../../contracts/network/connection.ts";
import type {
  AcceptedSocket,
  SecureSocket,
  SecureSocketOwner,
} from "../../../contracts/network/transport-socket.ts";
import { ConnectionInfo } from "./connection-info.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import type { ServerContexts } from "./server-contexts.ts";
import type { ServerMaterial } from "./server-material.ts";
import { tlsErrorText, tlsReason, type HandshakeError } from "./tls-error.ts";
import { endOnErrors } from "./tls-handle.ts";
import type { KeyLog } from "./key-log.ts";
import type { TlsStats } from "./tls-stats.ts";

/** What all connections of a filter chain share. */
export interface ServerTlsShared {
  readonly config: ServerTlsConfig;
  readonly stats: TlsStats;
  readonly keyLog: KeyLog | undefined;
  /** Failed handshakes are told at level debug: anybody can make as many of them as they like. */
  readonly logger: Logger;
}

export type SniCallback = (
  serverName: string,
  done: (error: Error | null, context?: ServerContexts["fallback"]) => void,
) => void;

/** The server's side of TLS on an accepted socket, from the first byte on. */
export class ServerTlsSocket implements SecureSocket {
  readonly socket: TLSSocket;
  owner: SecureSocketOwner | undefined = undefined;
  secured = false;
  nextProtocol = "";
  ssl: SslConnectionInfo | undefined = undefined;
  failureReason = "";
  readonly #accepted: AcceptedSocket;
  readonly #shared: ServerTlsShared;
  readonly #material: ServerMaterial;
  readonly #timer: Timer | undefined;

  constructor(accepted: AcceptedSocket, shared: ServerTlsShared, material: ServerMaterial) {
    this.#accepted = accepted;
    this.#shared = shared;
    this.#material = material;
    // The TLS layer first takes what the socket's Readable holds.
    if (accepted.peeked.length > 0)
      Readable.prototype.unshift.call(accepted.socket, accepted.peeked);
    this.socket = new TLSSocket(accepted.socket, this.#options());
    endOnErrors(this.socket);
    shared.keyLog?.follow(this.socket);
    this.socket.on("secure", () => this.#onSecure());
    this.socket.on("error", (error: HandshakeError) => this.#onError(error));
    this.socket.on("close", () => this.#timer?.disable());
    this.#timer = this.#armTimer();
  }

  reset(): void {
    this.#accepted.socket.resetAndDestroy();
    this.socket.destroy();
  }

  #options(): ConstructorParameters<typeof TLSSocket>[1] {
    const { contexts, requestsCertificate, requiresCertificate, onServerName } = this.#material;
    const protocols = this.#alpnProtocols();
    return {
      isServer: true,
      secureContext: contexts.fallback,
      requestCert: requestsCertificate,
      rejectUnauthorized: requiresCertificate,
      ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
      ...(onServerName === undefined ? {} : { SNICallback: onServerName }),
    };
  }

  /** With nothing in common OpenSSL would refuse the client; Envoy then does without ALPN. */
  #alpnProtocols(): readonly string[] {
    const ours = this.#shared.config.alpnProtocols;
    const theirs = this.#accepted.requestedApplicationProtocols;
    return theirs.length === 0 || ours.some((protocol) => theirs.includes(protocol)) ? ours : [];
  }

  #armTimer(): Timer | undefined {
    const { dispatcher, handshakeTimeoutMs, handshakeTimeouts } = this.#accepted;
    if (handshakeTimeoutMs === 0) return undefined;
    const timer = dispatcher.createTimer(() => {
      handshakeTimeouts.inc();
      this.#fail("", "the handshake took too long");
    });
    timer.enable(handshakeTimeoutMs);
    return timer;
  }

  #onSecure(): void {
    this.#timer?.disable();
    const { socket } = this;
    const { config, stats } = this.#shared;
    const { contexts, verifier } = this.#material;
    if (config.requireSni && !socket.servername) {
      stats.connectionError.inc();
      this.#fail(tlsErrorText("NO_SERVER_NAME"), "the client did not say which server it wants");
      return;
    }
    const peer = socket.getPeerX509Certificate();
    const refusal = peer && verifier.verify(socket, peer);
    if (refusal !== undefined) stats.countRefusal(refusal);
    if (refusal !== undefined && !verifier.acceptsRefused) {
      const text = tlsErrorText("CERTIFICATE_VERIFY_FAILED", refusal.detail);
      this.#fail(text, `the client's certificate is refused: ${refusal.detail}`);
      return;
    }
    const reused = socket.isSessionReused();
    this.secured = true;
    this.nextProtocol = socket.alpnProtocol || "";
    this.ssl = new ConnectionInfo(socket, peer, {
      validated: peer !== undefined && !reused && verifier.validates,
      authorities: verifier.authorities,
      local: contexts.certificate(socket.servername || "") ?? socket.getX509Certificate(),
    });
    stats.countHandshake(this.ssl, reused);
    this.owner?.onSecured();
  }

  /** `reason` is for access logs, `text` for the log. */
  #fail(reason: string, text: string): void {
    this.failureReason = reason;
    this.socket.destroy(new Error(text));
  }

  #onError(error: HandshakeError): void {
    if (this.secured) return;
    const { logger } = this.#shared;
    if (logger.enabled("debug")) {
      const { remoteAddress = "a client", remotePort = "" } = this.#accepted.socket;
      logger.debug(
        `TLS handshake with ${remoteAddress}:${remotePort} failed: ${error.reason ?? error.message}`,
      );
    }
    const reason = tlsReason(error);
    if (reason !== "") {
      const { stats } = this.#shared;
      const missing = reason === "PEER_DID_NOT_RETURN_A_CERTIFICATE";
      if (missing) stats.failVerifyNoCert.inc();
      else stats.connectionError.inc();
      const detail = missing ? "peer did not provide required client certificate" : "";
      this.failureReason = tlsErrorText(reason, detail);
    }
  }
}
