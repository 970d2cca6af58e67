import type { Address } from "../contracts/address.ts";
import type { Dispatcher } from "../contracts/event.ts";
import { ConnectionState, type SslConnectionInfo } from "../contracts/network/connection.ts";
import type { SecureClientSocket } from "../contracts/network/transport-socket.ts";
import { ClientConnectionImpl, type ClientConnectionOptions } from "./client-connection.ts";
import type { SecureSocketIo } from "./secure-socket-io.ts";

/** The initiating side of a connection with encryption: it is up when the handshake is over and the host accepted. */
export class SecureClientConnection extends ClientConnectionImpl {
  override readonly isTls = true;
  ssl: SslConnectionInfo | undefined = undefined;
  readonly #secure: SecureClientSocket;
  #handshaking = false;

  constructor(
    dispatcher: Dispatcher,
    address: Address,
    options: ClientConnectionOptions,
    io: SecureSocketIo<SecureClientSocket>,
  ) {
    super(dispatcher, address, options, io);
    this.#secure = io.secure;
  }

  onSecured(): void {
    if (this.state !== ConnectionState.Connecting) return;
    const { nextProtocol, ssl } = this.#secure;
    this.nextProtocol = nextProtocol;
    this.ssl = ssl;
    this.open();
  }

  protected override onSocketUp(): void {
    this.#handshaking = true;
    this.#secure.start();
  }

  protected override failureText(error: NodeJS.ErrnoException): string {
    return this.#handshaking ? this.#secure.failureReason : super.failureText(error);
  }
}

/** In place of a connection whose encryption has not arrived: it fails as soon as it is begun. */
export class UnreadyClientConnection extends ClientConnectionImpl {
  override connect(): void {
    this.dispatcher.post(() => this.onSocketError(new Error("no secret")));
  }

  protected override failureText(): string {
    return "TLS error: Secret is not supplied by SDS";
  }
}
