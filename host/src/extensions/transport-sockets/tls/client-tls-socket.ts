import type { OnReadOpts } from "node:net";
import { TLSSocket } from "node:tls";
import { addressText } from "../../../common/address.ts";
import type { Logger } from "../../../contracts/log.ts";
import type { SslConnectionInfo } from "../../../contracts/network/connection.ts";
import type {
  SecureClientSocket,
  SecureSocketOwner,
  UpstreamHandshake,
} from "../../../contracts/network/transport-socket.ts";
import type { ClientMaterial } from "./client-material.ts";
import type { KeptSession, SessionOrigin } from "./client-sessions.ts";
import type { ExpectedNames } from "./peer-verifier.ts";
import { ConnectionInfo } from "./connection-info.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { curveName } from "./curve-name.ts";
import {
  errorPart,
  type HandshakeError,
  systemErrorText,
  tlsErrorText,
  tlsReason,
} from "./tls-error.ts";
import { endOnErrors, type TlsHandle, tlsHandle } from "./tls-handle.ts";
import type { KeyLog } from "./key-log.ts";
import type { TlsStats } from "./tls-stats.ts";

/** What all connections of a cluster share. */
export interface ClientTlsShared {
  readonly config: ClientTlsConfig;
  readonly stats: TlsStats;
  readonly keyLog: KeyLog | undefined;
  /** Failed handshakes are told at level debug. */
  readonly logger: Logger;
}

/** The client's side of TLS on a socket of its own. */
export class ClientTlsSocket implements SecureClientSocket {
  readonly socket: TLSSocket;
  owner: SecureSocketOwner | undefined = undefined;
  secured = false;
  nextProtocol = "";
  ssl: SslConnectionInfo | undefined = undefined;
  failureReason = "";
  readonly #handshake: UpstreamHandshake;
  readonly #shared: ClientTlsShared;
  readonly #material: ClientMaterial;
  readonly #serverName: string;
  /** The session that is offered. */
  #resumed: KeptSession | undefined = undefined;
  /** Undefined before the server is accepted. */
  #facts: SessionOrigin | undefined = undefined;
  /** Given out by the server before that. */
  #given: Buffer | undefined = undefined;

  constructor(
    handshake: UpstreamHandshake,
    onread: OnReadOpts,
    shared: ClientTlsShared,
    material: ClientMaterial,
  ) {
    this.#handshake = handshake;
    this.#shared = shared;
    this.#material = material;
    this.#serverName = serverNameOf(shared.config, handshake);
    this.socket = new TLSSocket(undefined!, this.#options(onread));
    endOnErrors(this.socket);
    shared.keyLog?.follow(this.socket);
    const handle = tlsHandle(this.socket)!;
    if (this.#serverName !== "") handle.setServername(this.#serverName);
    this.#resume(handle);
    this.socket.on("secure", () => this.#onSecure());
    this.socket.on("error", (error: HandshakeError) => this.#onError(error));
  }

  start(): void {
    tlsHandle(this.socket)?.start();
  }

  reset(): void {
    const handle = tlsHandle(this.socket);
    // `resetAndDestroy` refuses sockets with TLS; the handle that is theirs can do it.
    if (handle !== undefined) handle.close = (done) => handle._parent.reset(done);
    this.socket.destroy();
  }

  #options(onread: OnReadOpts): ConstructorParameters<typeof TLSSocket>[1] {
    const { alpnProtocols, applicationProtocols } = this.#handshake;
    const configured = alpnProtocols ?? this.#shared.config.alpnProtocols;
    const protocols = configured.length > 0 ? configured : applicationProtocols;
    const options = {
      isServer: false,
      secureContext: this.#material.context,
      rejectUnauthorized: false,
      allowHalfOpen: true,
      onread,
      pipe: this.#handshake.address.kind === "pipe",
    };
    return protocols.length === 0 ? options : { ...options, ALPNProtocols: [...protocols] };
  }

  /** Offers a session that is kept, and keeps what the server gives out: that of a refused server never. */
  #resume(handle: TlsHandle): void {
    const { sessions } = this.#material;
    if (!sessions.enabled) return;
    this.#resumed = sessions.take(this.#serverName);
    if (this.#resumed !== undefined) handle.setSession(this.#resumed.session);
    handle.enableSessionCallbacks();
    handle.onnewsession = (_id, session) => {
      if (this.#facts === undefined) this.#given = session;
      else this.#keep(session, this.#facts);
    };
  }

  #keep(session: Buffer, facts: SessionOrigin): void {
    const { sessions } = this.#material;
    sessions.keep({ ...facts, serverName: this.#serverName, session });
  }

  #onSecure(): void {
    const { socket } = this;
    const { stats } = this.#shared;
    const { verifier } = this.#material;
    const reused = socket.isSessionReused();
    const origin = reused ? this.#resumed : undefined;
    const facts = origin ?? {
      // Node shows the certificate of a server only in the handshake that brings it.
      peer: socket.getPeerX509Certificate(),
      curve: curveName(socket.getEphemeralKeyInfo()),
      singleUse: socket.getProtocol() === "TLSv1.3",
    };
    const refusal = verifier.verifyServer(socket, facts.peer, this.#expectedNames());
    if (refusal !== undefined) stats.countRefusal(refusal);
    if (refusal !== undefined && !verifier.acceptsRefused) {
      this.failureReason = tlsErrorText("CERTIFICATE_VERIFY_FAILED", refusal.detail);
      const why = refusal.detail || "there is no authority that could vouch for it";
      socket.destroy(new Error(`the server's certificate is refused: ${why}`));
      return;
    }
    this.#facts = facts;
    if (this.#given !== undefined) this.#keep(this.#given, facts);
    this.secured = true;
    this.nextProtocol = socket.alpnProtocol || "";
    this.ssl = new ConnectionInfo(socket, facts.peer, {
      validated: facts.peer !== undefined && !reused && verifier.validates,
      isClient: true,
      local: this.#material.certificate,
      authorities: verifier.authorities,
    });
    stats.countHandshake(this.ssl, reused, facts.curve);
    this.owner?.onSecured();
  }

  /** Names that the server must have besides what the validation context says. */
  #expectedNames(): ExpectedNames {
    const names = this.#handshake.subjectAltNames;
    if (names.length > 0) return { names, fromRequest: true };
    const verifies = this.#shared.config.verifiesServerName && this.#serverName !== "";
    return { names: verifies ? [this.#serverName] : [], fromRequest: false };
  }

  #onError(error: HandshakeError): void {
    const reason = tlsReason(error);
    const { stats, logger } = this.#shared;
    if (reason !== "") stats.connectionError.inc();
    if (this.secured) return;
    if (this.failureReason === "") this.failureReason = this.#failureText(error, reason);
    if (!logger.enabled("debug")) return;
    const { address, hostname } = this.#handshake;
    const host = hostname === "" ? addressText(address) : `${addressText(address)} (${hostname})`;
    logger.debug(`TLS handshake with ${host} failed: ${error.reason ?? error.message}`);
  }

  #failureText(error: HandshakeError, reason: string): string {
    if (reason === "") return systemErrorText(error);
    // The alert that answers the first message stands for two errors of BoringSSL.
    const first = this.socket.getPeerX509Certificate() === undefined;
    const text = tlsErrorText(reason);
    return first && reason === "SSLV3_ALERT_HANDSHAKE_FAILURE"
      ? text.replace(/:TLS_error_end$/, `|${errorPart("HANDSHAKE_FAILURE_ON_CLIENT_HELLO")}$&`)
      : text;
  }
}

/** What the request asks for; else the endpoint's name or the configured one. */
function serverNameOf(config: ClientTlsConfig, handshake: UpstreamHandshake): string {
  if (handshake.serverName !== undefined) return handshake.serverName;
  return config.usesHostname && handshake.hostname !== "" ? handshake.hostname : config.serverName;
}
