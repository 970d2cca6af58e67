import type { Dispatcher } from "../contracts/event.ts";
import type { SslConnectionInfo } from "../contracts/network/connection.ts";
import type { SecureSocket } from "../contracts/network/transport-socket.ts";
import type { ConnectionParameters } from "./connection-parameters.ts";
import { ConnectionImpl } from "./connection.ts";
import { SecureSocketIo } from "./secure-socket-io.ts";
import { noSink } from "./socket-io.ts";

/** A downstream connection with encryption on its socket. Filters may write before the handshake is over. */
export class SecureConnection extends ConnectionImpl {
  override readonly isTls = true;
  ssl: SslConnectionInfo | undefined = undefined;
  readonly #secure: SecureSocket;

  constructor(dispatcher: Dispatcher, secure: SecureSocket, parameters: ConnectionParameters) {
    super(dispatcher, new SecureSocketIo(secure, noSink), parameters);
    this.#secure = secure;
  }

  onSecured(): void {
    const { nextProtocol, ssl } = this.#secure;
    this.nextProtocol = nextProtocol;
    this.ssl = ssl;
    this.streamInfo.downstreamSsl = ssl;
  }

  override onSocketError(error: NodeJS.ErrnoException): void {
    const { failureReason } = this.#secure;
    this.transportFailureReason = failureReason;
    this.streamInfo.downstreamTransportFailureReason = failureReason;
    super.onSocketError(error);
  }
}
