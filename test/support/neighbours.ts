import assert from "node:assert/strict";
import { isComplete, requestWithTrailers } from "./failing-callbacks-proxy.ts";
import { TestClient } from "./hcm-server.ts";

/** Connections that stay open while others get into trouble. */
export class Neighbours {
  readonly #clients: readonly TestClient[];

  static async start(port: number, count: number): Promise<Neighbours> {
    const clients = Array.from({ length: count }, () => TestClient.connect(port));
    return new Neighbours(await Promise.all(clients));
  }

  private constructor(clients: readonly TestClient[]) {
    this.#clients = clients;
  }

  /** Each asks once, on its connection; fails the test when one is not answered whole. */
  async ask(): Promise<void> {
    const texts = await Promise.all(
      this.#clients.map(async (client) => {
        client.send(requestWithTrailers);
        const text = await client.until(isComplete);
        client.text = "";
        return text;
      }),
    );
    for (const text of texts) {
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
      assert.ok(isComplete(text), text);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
  }
}
