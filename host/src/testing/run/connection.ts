import type { ClientSocket, Proxy } from "../proxy/proxy.ts";
import type { Send } from "../suite/suite.ts";

/** A connection of a client to network filters. */
export class Connection {
  received: Buffer = Buffer.alloc(0);
  /** The proxy has ended it. */
  closed = false;
  readonly #proxy: Proxy;
  readonly #socket: ClientSocket;

  private constructor(proxy: Proxy, socket: ClientSocket) {
    this.#proxy = proxy;
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on("error", () => {
      this.closed = true;
    });
    socket.on("end", () => {
      this.closed = true;
      socket.end();
    });
  }

  static async open(proxy: Proxy): Promise<Connection> {
    const connection = new Connection(proxy, await proxy.connect());
    await proxy.settle(() => connection.closed);
    return connection;
  }

  async send({ chunks, end }: Send): Promise<void> {
    for (const chunk of chunks) {
      if (this.#socket.destroyed) return;
      this.#socket.write(chunk);
      await this.#proxy.settle(() => this.closed);
    }
    if (!end) return;
    this.#socket.end();
    await this.#proxy.settle(() => this.closed);
  }

  /** By RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.end();
  }
}
