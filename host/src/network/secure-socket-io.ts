import type { SecureSocket, SecureSocketOwner } from "../contracts/network/transport-socket.ts";
import { SocketIo, type SocketSink } from "./socket-io.ts";

/**
 * The io of an encrypted connection: the same methods, on the socket that has the plain text. Nothing of the peer
 * reaches the sink before the handshake is over.
 */
export class SecureSocketIo extends SocketIo implements SecureSocketOwner {
  readonly secure: SecureSocket;

  constructor(secure: SecureSocket, sink: SocketSink) {
    super(secure.socket, sink);
    this.secure = secure;
    const { socket } = secure;
    const push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null): boolean => {
      if (secure.secured) return push(chunk);
      // The peer left during the handshake.
      if (chunk === null && !socket.destroyed)
        socket.destroy(new Error("closed during the handshake"));
      return false;
    };
    secure.owner = this;
  }

  onSecured(): void {
    this.sink.onSecured?.();
  }

  /** The peer is told that nothing was cut off (RFC 8446 section 6.1), as far as the kernel takes it at once. */
  override destroy(): void {
    if (this.secure.secured && !this.socket.destroyed) this.socket.end();
    super.destroy();
  }

  override reset(): void {
    this.secure.reset();
  }
}
