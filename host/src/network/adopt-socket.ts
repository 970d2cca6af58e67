import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

/** What Node's sockets do not show: a new one takes the handle of another in its options. */
interface SocketParts {
  /** Null once it is closed; undefined in what only looks like a socket. */
  _handle: object | null | undefined;
  /** The server that counts it among its connections. */
  _server: unknown;
}

/**
 * An accepted, paused socket's connection in a new socket that reads to where `onread` says, which a server has no option
 * for: its sockets have memory allocated for each read. The given socket is empty afterwards.
 */
export function withOnread(accepted: Socket, onread: OnReadOpts): Socket {
  const from = accepted as Partial<SocketParts>;
  const handle = from._handle;
  if (handle === null || handle === undefined) return accepted;
  from._handle = null;
  const options = { handle, onread, allowHalfOpen: true, pauseOnCreate: true, noDelay: true };
  const socket = new Socket(options as SocketConstructorOpts);
  (socket as Partial<SocketParts>)._server = from._server;
  from._server = null;
  return socket;
}
