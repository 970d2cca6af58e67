import type { ResponseDecoder } from "../contracts/http/codec.ts";
import type { PoolReady } from "../contracts/upstream/cluster.ts";
import type { BegunConnection } from "./begin-connection.ts";
import { HttpPool } from "./http-pool.ts";
import { ClientState, Http2Client } from "./http2-client.ts";

/**
 * HTTP/2 connections: one, as long as it has room for another stream, then more. A connection that is going away
 * finishes what it has and closes.
 */
export class Http2Pool extends HttpPool<Http2Client> {
  /** Connections that are up and may take streams. */
  readonly #ready: Http2Client[] = [];
  /** All that are not closed. */
  readonly #clients = new Set<Http2Client>();

  override drain(): void {
    this.draining = true;
    for (const client of this.#clients) client.drain();
  }

  /** Takes over a connection that is just up: its Connected is still on the way to those who come to it now. */
  adopt(begun: BegunConnection): void {
    this.connecting += 1;
    this.#clients.add(new Http2Client(this, begun));
  }

  // For clients.

  onClientConnected(client: Http2Client): void {
    this.connecting -= 1;
    this.#ready.push(client);
    this.onClientRoom();
    if (this.draining) client.drain();
  }

  /** A stream has ended somewhere, or a server takes more of them. */
  onClientRoom(): void {
    this.attachPending();
    this.connectIfNeeded();
  }

  /** The client takes no more streams. */
  onClientDraining(client: Http2Client): void {
    const index = this.#ready.indexOf(client);
    if (index >= 0) this.#ready.splice(index, 1);
  }

  /** The client's connection has ended; `before` is where it stood. */
  removeClient(client: Http2Client, before: ClientState): void {
    if (before === ClientState.Connecting) this.connecting -= 1;
    this.#clients.delete(client);
    this.onClientDraining(client);
  }

  override takeClient(): Http2Client | undefined {
    for (let i = 0; i < this.#ready.length; i += 1) {
      if (this.#ready[i]!.hasRoom) return this.#ready[i];
    }
    return undefined;
  }

  override giveBackClient(): void {
    // A client with room stays where it is.
  }

  override beginStream(client: Http2Client, decoder: ResponseDecoder): PoolReady {
    return client.newStream(decoder);
  }

  protected override connect(): void {
    this.#clients.add(new Http2Client(this));
  }

  override get connectionCount(): number {
    return this.#clients.size;
  }

  protected override get streamsPerConnection(): number {
    return this.info.http2Settings.maxConcurrentStreams;
  }
}
