import type { SocketSink } from "../network/socket-io.ts";

/** For sockets that nobody has yet, or nobody wants any more. */
export const closedSocketSink: SocketSink = {
  onSocketData: () => false,
  onSocketEnd: () => undefined,
  onSocketError: () => undefined,
};
