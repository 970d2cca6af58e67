import type { OnReadOpts } from "node:net";
import type {
  SecureClientSocket,
  SecureSocket,
  SecureSocketOwner,
} from "../contracts/network/transport-socket.ts";
import { SlabReader } from "./slab-reader.ts";
import { noSink, SocketIo, type SocketSink } from "./socket-io.ts";

/**
 * The io of an encrypted connection: the same methods, on the socket that has the plain text. Nothing of the peer
 * reaches the sink before the handshake is over.
 */
export class SecureSocketIo<Secure extends SecureSocket = SecureSocket>
  extends SocketIo
  implements SecureSocketOwner
{
  readonly secure: Secure;

  constructor(secure: Secure, sink: SocketSink) {
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

  /** An io with a socket of `connect` that is yet to be connected; undefined when it gives none. */
  static connecting(
    connect: (onread: OnReadOpts) => SecureClientSocket | undefined,
  ): SecureSocketIo<SecureClientSocket> | undefined {
    const reader = new SlabReader((chunk) => secure!.secured && io.take(chunk));
    const secure = connect(reader.options);
    if (secure === undefined) return undefined;
    const io = new SecureSocketIo(secure, noSink);
    secure.socket.pause();
    return io;
  }

  onSecured(): void {
    this.sink.onSecured?.();
  }

  /**
   * Not from inside a read: OpenSSL takes a record that is still to be decrypted when it closes for a violation of
   * the protocol, and everything behind it is lost.
   */
  override sendFin(done: () => void): void {
    setImmediate(() => {
      if (!this.socket.destroyed) super.sendFin(done);
    });
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
