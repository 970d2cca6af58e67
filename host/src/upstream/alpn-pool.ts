import type { ResponseDecoder } from "../contracts/http/codec.ts";
import type { PoolReady } from "../contracts/upstream/cluster.ts";
import { AlpnHandshake } from "./alpn-handshake.ts";
import type { BegunConnection } from "./begin-connection.ts";
import type { ClusterInfoImpl } from "./cluster-info.ts";
import type { HostImpl } from "./host.ts";
import { HttpPool, type PoolEnvironment } from "./http-pool.ts";
import { Http1Client } from "./http1-client.ts";
import { Http1Pool } from "./http1-pool.ts";
import type { Http2Client } from "./http2-client.ts";
import { Http2Pool } from "./http2-pool.ts";

/**
 * Connections whose protocol each handshake settles (`auto_config`). Requests wait here, and connections begin here;
 * those that are up are kept by a pool of their protocol.
 */
export class AlpnPool extends HttpPool<AlpnHandshake | Http1Client | Http2Client> {
  readonly #handshakes = new Set<AlpnHandshake>();
  readonly #http1: Http1Pool;
  readonly #http2: Http2Pool;
  /** What the host chose last. */
  #expectsHttp2 = false;

  constructor(
    info: ClusterInfoImpl,
    host: HostImpl,
    priority: "default" | "high",
    environment: PoolEnvironment,
  ) {
    super(info, host, priority, environment);
    const { dispatcher, logger, names } = environment;
    const owner = {
      onPoolRoom: () => {
        this.attachPending();
        this.connectIfNeeded();
      },
      onClientGone: () => this.onClientGone(),
    };
    const inner = { dispatcher, logger, names, owner };
    this.#http1 = new Http1Pool(info, host, priority, inner);
    this.#http2 = new Http2Pool(info, host, priority, inner);
  }

  override drain(): void {
    this.draining = true;
    this.#http1.drain();
    this.#http2.drain();
  }

  onHandshake(handshake: AlpnHandshake, begun: BegunConnection): void {
    this.#handshakes.delete(handshake);
    this.connecting -= 1;
    this.#expectsHttp2 = begun.connection.nextProtocol === "h2";
    if (this.#expectsHttp2) this.#http2.adopt(begun);
    else this.#http1.adopt(begun);
  }

  onHandshakeFailed(handshake: AlpnHandshake, remote: boolean): void {
    this.#handshakes.delete(handshake);
    this.connecting -= 1;
    this.onClientClosed(handshake, true, remote);
  }

  override takeClient(): Http1Client | Http2Client | undefined {
    return this.#http2.takeClient() ?? this.#http1.takeClient();
  }

  override giveBackClient(client: AlpnHandshake | Http1Client | Http2Client): void {
    if (client instanceof Http1Client) this.#http1.giveBackClient(client);
  }

  override beginStream(client: Http1Client | Http2Client, decoder: ResponseDecoder): PoolReady {
    return client instanceof Http1Client
      ? this.#http1.beginStream(client, decoder)
      : this.#http2.beginStream(client, decoder);
  }

  override get connectionCount(): number {
    return this.#handshakes.size + this.#http1.connectionCount + this.#http2.connectionCount;
  }

  protected override connect(): void {
    this.#handshakes.add(new AlpnHandshake(this));
  }

  protected override get streamsPerConnection(): number {
    return this.#expectsHttp2 ? this.info.http2Settings.maxConcurrentStreams : 1;
  }
}
