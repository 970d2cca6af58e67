import type { ResponseDecoder } from "../contracts/http/codec.ts";
import type { PoolReady } from "../contracts/upstream/cluster.ts";
import type { BegunConnection } from "./begin-connection.ts";
import { HttpPool } from "./http-pool.ts";
import { ClientState, Http1Client } from "./http1-client.ts";

/**
 * HTTP/1 connections, each with one request at a time. The connection that became idle last is used first, so that the
 * others can time out; requests that find none wait in order.
 */
export class Http1Pool extends HttpPool<Http1Client> {
  readonly #idle: Http1Client[] = [];
  #busy = 0;

  override drain(): void {
    this.draining = true;
    while (this.#idle.length > 0) this.#idle.at(-1)!.close();
  }

  /** Takes over a connection that is just up: its Connected is still on the way to those who come to it now. */
  adopt(begun: BegunConnection): void {
    this.connecting += 1;
    // oxlint-disable-next-line no-new -- it tells the pool when it is connected
    new Http1Client(this, begun);
  }

  // For clients.

  onClientConnected(client: Http1Client): void {
    this.connecting -= 1;
    this.onClientIdle(client);
  }

  onClientIdle(client: Http1Client): void {
    this.#idle.push(client);
    this.attachPending();
    if (this.draining && client.state === ClientState.Idle) client.close();
  }

  override onStreamEnd(): void {
    this.#busy -= 1;
    super.onStreamEnd();
  }

  /** The client's connection has ended; `before` is where it stood. */
  removeClient(client: Http1Client, before: ClientState): void {
    if (before === ClientState.Connecting) this.connecting -= 1;
    const index = this.#idle.indexOf(client);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  override takeClient(): Http1Client | undefined {
    return this.#idle.pop();
  }

  override giveBackClient(client: Http1Client): void {
    this.#idle.push(client);
  }

  override beginStream(client: Http1Client, decoder: ResponseDecoder): PoolReady {
    this.#busy += 1;
    client.newStream(decoder);
    return client;
  }

  protected override connect(): void {
    // oxlint-disable-next-line no-new -- it tells the pool when it is connected
    new Http1Client(this);
  }

  override get connectionCount(): number {
    return this.connecting + this.#busy + this.#idle.length;
  }

  protected override get streamsPerConnection(): number {
    return 1;
  }
}
