import type { Socket } from "node:net";
import type {
  SecureSocket,
  SecureSocketOwner,
} from "../../../contracts/network/transport-socket.ts";

/** Stands for a socket that nothing can be encrypted on: closed at once (Envoy: `NotReadySslSocket`). */
export class NotReadySocket implements SecureSocket {
  readonly socket: Socket;
  owner: SecureSocketOwner | undefined = undefined;
  readonly secured = false;
  readonly nextProtocol = "";
  readonly ssl = undefined;
  readonly failureReason = "TLS error: Secret is not supplied by SDS";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.destroy(new Error(this.failureReason));
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}
