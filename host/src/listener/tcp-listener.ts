import net from "node:net";
import { socketOptions } from "../network/socket-io.ts";

export interface TcpListenerCallbacks {
  /** A client connected; the socket is paused. */
  onAccept(socket: net.Socket): void;
  /** Accepting failed; the listener goes on. */
  onError(error: Error): void;
}

/** Accepts connections on a bound descriptor, TCP or Unix domain, which it owns from now on. */
export class TcpListener {
  readonly #server: net.Server;

  constructor(fd: number, backlog: number, callbacks: TcpListenerCallbacks) {
    this.#server = net.createServer({ ...socketOptions, pauseOnConnect: true, noDelay: true });
    this.#server.on("connection", (socket) => callbacks.onAccept(socket));
    this.#server.on("error", (error) => callbacks.onError(error));
    this.#server.listen({ fd, backlog });
  }

  /** Stops accepting; accepted connections live on. */
  close(): void {
    this.#server.close();
  }
}
