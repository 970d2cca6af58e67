import type { Dispatcher, Timer } from "../contracts/event.ts";
import { FilterStatus } from "../contracts/network/filter.ts";
import type {
  ConnectionSocket,
  ListenerFilter,
  ListenerFilterCallbacks,
} from "../contracts/network/listener-filter.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import type { SocketIo, SocketSink } from "../network/socket-io.ts";
import type { ListenerStats } from "./listener-stats.ts";
import type { HeldGenerations } from "./held-generations.ts";
import { PeekBuffer } from "./peek-buffer.ts";

/** How long listener filters may take. */
export interface ListenerFilterTimeout {
  /** 0 = without end. */
  readonly timeoutMs: number;
  /** On expiry: make the connection with what is known; else close the socket. */
  readonly continueOnTimeout: boolean;
}

/** What becomes of an accepted socket. */
export interface ActiveSocketOwner {
  readonly dispatcher: Dispatcher;
  readonly stats: ListenerStats;
  readonly timeout: ListenerFilterTimeout;
  /** The listener filters are through. `peeked` is what they saw, less what they drained. */
  onSocketReady(socket: ActiveSocket, peeked: Buffer): void;
  /** The socket was closed before it became a connection. */
  onSocketClosed(socket: ActiveSocket): void;
}

/** An accepted socket in the hands of the listener filters (Envoy: `ActiveTcpSocket`). */
export class ActiveSocket implements SocketSink, ListenerFilterCallbacks {
  readonly io: SocketIo;
  readonly socket: ConnectionSocket;
  readonly streamInfo: StreamInfo;
  /** Of filters that come by discovery. */
  held: HeldGenerations | undefined = undefined;
  readonly #owner: ActiveSocketOwner;
  readonly #filters: ListenerFilter[] = [];
  readonly #peeked = new PeekBuffer();
  #index = 0;
  #state: "filtering" | "ready" | "closed" = "filtering";
  /** The current filter asked for bytes. */
  #wantsData = false;
  /** Set while a filter runs: a `continueFilterChain` from inside it must not run the next one. */
  #calling = false;
  #peerEnded = false;
  #timer: Timer | undefined = undefined;

  constructor(
    io: SocketIo,
    socket: ConnectionSocket,
    streamInfo: StreamInfo,
    owner: ActiveSocketOwner,
  ) {
    this.io = io;
    this.socket = socket;
    this.streamInfo = streamInfo;
    this.#owner = owner;
    io.sink = this;
  }

  get dispatcher(): Dispatcher {
    return this.#owner.dispatcher;
  }

  addFilter(filter: ListenerFilter): void {
    this.#filters.push(filter);
  }

  start(): void {
    this.#owner.stats.downstreamPreCxActive.inc();
    this.#iterate();
    const { timeoutMs } = this.#owner.timeout;
    if (this.#state !== "filtering" || timeoutMs === 0) return;
    this.#timer = this.dispatcher.createTimer(() => this.#onTimeout());
    this.#timer.enable(timeoutMs);
  }

  continueFilterChain(success: boolean): void {
    if (this.#state !== "filtering") return;
    if (!success) {
      this.close();
      return;
    }
    if (this.#calling) throw new Error("continueFilterChain(true) from inside the filter's call");
    this.#next();
    this.#iterate();
  }

  /** Ends the socket; harmless when it is no longer in this phase. */
  close(): void {
    if (this.#state !== "filtering") return;
    this.#leave("closed");
    this.#filters[this.#index]?.onClose();
    this.io.destroy();
    this.#owner.onSocketClosed(this);
  }

  onSocketData(chunk: Buffer): boolean {
    this.#peeked.append(chunk);
    if (this.#wantsData && this.#feed()) this.#iterate();
    return this.#needsMore;
  }

  onSocketEnd(): void {
    if (this.#state !== "filtering") return;
    if (!this.#wantsData) {
      this.#peerEnded = true;
      return;
    }
    this.#owner.stats.downstreamListenerFilterRemoteClose.inc();
    this.close();
  }

  onSocketError(): void {
    if (this.#state !== "filtering") return;
    this.#owner.stats.downstreamListenerFilterError.inc();
    this.close();
  }

  /** Runs filters until one waits. */
  #iterate(): void {
    while (this.#state === "filtering") {
      const filter = this.#filters[this.#index];
      if (filter === undefined) {
        this.#ready();
        return;
      }
      if (!this.#accept(filter)) return;
    }
  }

  /** True when the filter is done. */
  #accept(filter: ListenerFilter): boolean {
    this.#calling = true;
    const status = filter.onAccept(this);
    this.#calling = false;
    if (this.#state !== "filtering") return false;
    if (status === FilterStatus.Continue) {
      this.#next();
      return true;
    }
    if (filter.maxReadBytes === 0) return false;
    this.#wantsData = true;
    this.#want(filter.maxReadBytes);
    if (this.#peeked.length > 0) return this.#feed();
    if (this.#peerEnded) this.onSocketEnd();
    else this.io.resumeReading();
    return false;
  }

  /** Shows the current filter what there is; true when it is done. */
  #feed(): boolean {
    const filter = this.#filters[this.#index]!;
    let shown: number;
    do {
      shown = this.#peeked.bytes.length;
      this.#calling = true;
      const status = filter.onData(this.#peeked);
      this.#calling = false;
      if (this.#state !== "filtering") return false;
      if (status === FilterStatus.Continue) {
        this.#next();
        return true;
      }
      this.#want(filter.maxReadBytes);
      // One read may have brought more than the filter had wanted before.
    } while (this.#peeked.bytes.length > shown);
    if (this.#peerEnded) this.onSocketEnd();
    else if (this.#needsMore) this.io.resumeReading();
    return false;
  }

  #next(): void {
    this.#wantsData = false;
    this.#index += 1;
  }

  #want(bytes: number): void {
    this.#peeked.capacity = Math.max(this.#peeked.capacity, bytes);
  }

  get #needsMore(): boolean {
    return (
      this.#state === "filtering" && this.#wantsData && this.#peeked.length < this.#peeked.capacity
    );
  }

  #onTimeout(): void {
    if (this.#state !== "filtering") return;
    this.#owner.stats.downstreamPreCxTimeout.inc();
    if (!this.#owner.timeout.continueOnTimeout) {
      this.close();
      return;
    }
    this.#filters[this.#index]?.onClose();
    this.#ready();
  }

  #ready(): void {
    this.#leave("ready");
    this.#owner.onSocketReady(this, this.#peeked.all);
    // The FIN was taken from the socket in this phase; whoever took the socket over must hear of it.
    if (this.#peerEnded && this.io.sink !== this) this.io.sink.onSocketEnd();
  }

  #leave(state: "ready" | "closed"): void {
    this.#state = state;
    this.#timer?.disable();
    this.#owner.stats.downstreamPreCxActive.dec();
  }
}
