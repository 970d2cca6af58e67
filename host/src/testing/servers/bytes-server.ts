import type { Duplex } from "node:stream";
import type { ReceivedBytes, ServerEnvironment } from "./received.ts";

/** A server behind network filters. */
export class BytesServer {
  readonly #name: string;
  readonly #script: { readonly echo: boolean; readonly sends: readonly Buffer[] };
  readonly #environment: ServerEnvironment;

  constructor(
    name: string,
    script: { readonly echo: boolean; readonly sends: readonly Buffer[] },
    environment: ServerEnvironment,
  ) {
    this.#name = name;
    this.#script = script;
    this.#environment = environment;
  }

  /** The proxy has connected. */
  serve(socket: Duplex): void {
    const received: ReceivedBytes = {
      server: this.#name,
      socket,
      bytes: Buffer.alloc(0),
      ended: false,
    };
    this.#environment.connections.push(received);
    this.#environment.changed();
    socket.on("data", (chunk: Buffer) => {
      received.bytes = Buffer.concat([received.bytes, chunk]);
      if (this.#script.echo) socket.write(chunk);
      this.#environment.changed();
    });
    socket.on("end", () => {
      received.ended = true;
      this.#environment.changed();
      socket.end();
    });
    socket.on("error", () => undefined);
    for (const bytes of this.#script.sends) socket.write(bytes);
  }
}
