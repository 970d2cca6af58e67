import { appendFile } from "node:fs";
import type { TLSSocket } from "node:tls";
import type { Logger } from "../../../contracts/log.ts";

/** Appends the secrets of handshakes to a file, in NSS's form, which Wireshark reads (`TlsKeyLog`). */
export class KeyLog {
  readonly #path: string;
  readonly #logger: Logger;
  #failed = false;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** To be called before the handshake. */
  follow(socket: TLSSocket): void {
    socket.on("keylog", (line: Buffer) => this.#append(line));
  }

  #append(line: Buffer): void {
    appendFile(this.#path, line, { mode: 0o600 }, (error) => {
      if (error === null || this.#failed) return;
      this.#failed = true;
      this.#logger.warning(`TLS keys cannot be written to ${this.#path}: ${error.message}`);
    });
  }
}
