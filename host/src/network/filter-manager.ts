import type { DataBuffer } from "../contracts/buffer.ts";
import { ConnectionState, type Connection } from "../contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
  type WriteFilter,
  type WriteFilterCallbacks,
} from "../contracts/network/filter.ts";
import type { HostDescription } from "../contracts/upstream/host.ts";

/** What the chain needs of its connection. */
export interface FilterManagerConnection extends Connection {
  readonly readBuffer: DataBuffer;
  /** The peer's FIN belongs to what the filters see. */
  readonly readEndStream: boolean;
  /** Hands bytes to the socket, past the write filters. */
  rawWrite(data: DataBuffer, endStream: boolean): void;
  /** A filter may have drained the read buffer. */
  onReadBufferConsumed(): void;
}

/**
 * The read and write filters of one connection. Read filters run in the order in which they were added, write
 * filters in reverse: the filter added first is the one closest to the socket in both directions.
 */
export class FilterManager {
  readonly connection: FilterManagerConnection;
  readonly #readFilters: ActiveReadFilter[] = [];
  readonly #writeFilters: ActiveWriteFilter[] = [];
  /** Shared by all read filters. */
  upstreamHost: HostDescription | undefined = undefined;

  constructor(connection: FilterManagerConnection) {
    this.connection = connection;
  }

  get hasReadFilters(): boolean {
    return this.#readFilters.length > 0;
  }

  get hasWriteFilters(): boolean {
    return this.#writeFilters.length > 0;
  }

  addReadFilter(filter: ReadFilter): void {
    const entry = new ActiveReadFilter(this, this.#readFilters.length, filter);
    this.#readFilters.push(entry);
    filter.initializeReadFilterCallbacks(entry);
  }

  addWriteFilter(filter: WriteFilter): void {
    const entry = new ActiveWriteFilter(this, this.#writeFilters.length, filter);
    this.#writeFilters.push(entry);
    filter.initializeWriteFilterCallbacks(entry);
  }

  /** Calls `onNewConnection` of the filters that have not had it, until one stops; no data yet. */
  initializeReadFilters(): boolean {
    if (this.#readFilters.length === 0) return false;
    for (let i = 0; i < this.#readFilters.length; i += 1) {
      const entry = this.#readFilters[i]!;
      if (entry.initialized) continue;
      entry.initialized = true;
      if (entry.filter.onNewConnection() === FilterStatus.StopIteration || this.#closed) break;
    }
    return true;
  }

  /** Hands `data` to the read filters from number `start` on. */
  readFrom(start: number, data: DataBuffer, endStream: boolean): void {
    const filters = this.#readFilters;
    for (let i = start; i < filters.length; i += 1) {
      const entry = filters[i]!;
      if (!entry.initialized) {
        entry.initialized = true;
        if (entry.filter.onNewConnection() === FilterStatus.StopIteration || this.#closed) return;
      }
      if (data.length === 0 && !endStream) continue;
      if (entry.filter.onData(data, endStream) === FilterStatus.StopIteration || this.#closed) {
        return;
      }
    }
  }

  /** Resumes behind read filter number `index` with the connection's own buffer. */
  continueReading(index: number): void {
    const connection = this.connection;
    if (this.#closed) return;
    this.readFrom(index + 1, connection.readBuffer, connection.readEndStream);
    connection.onReadBufferConsumed();
  }

  injectReadData(index: number, data: DataBuffer, endStream: boolean): void {
    if (!this.#closed) this.readFrom(index + 1, data, endStream);
  }

  /** Hands `data` to the write filters below number `end`, last one first; what comes through goes to the socket. */
  writeFrom(end: number, data: DataBuffer, endStream: boolean): void {
    for (let i = end - 1; i >= 0; i -= 1) {
      const status = this.#writeFilters[i]!.filter.onWrite(data, endStream);
      if (status === FilterStatus.StopIteration || this.#closed) return;
    }
    this.connection.rawWrite(data, endStream);
  }

  /** Through all write filters. */
  write(data: DataBuffer, endStream: boolean): void {
    this.writeFrom(this.#writeFilters.length, data, endStream);
  }

  get #closed(): boolean {
    return this.connection.state >= ConnectionState.Closing;
  }
}

class ActiveReadFilter implements ReadFilterCallbacks {
  readonly filter: ReadFilter;
  initialized = false;
  readonly #manager: FilterManager;
  readonly #index: number;

  constructor(manager: FilterManager, index: number, filter: ReadFilter) {
    this.#manager = manager;
    this.#index = index;
    this.filter = filter;
  }

  get connection(): Connection {
    return this.#manager.connection;
  }

  get upstreamHost(): HostDescription | undefined {
    return this.#manager.upstreamHost;
  }

  set upstreamHost(host: HostDescription | undefined) {
    this.#manager.upstreamHost = host;
  }

  continueReading(): void {
    this.#manager.continueReading(this.#index);
  }

  injectReadDataToFilterChain(data: DataBuffer, endStream: boolean): void {
    this.#manager.injectReadData(this.#index, data, endStream);
  }
}

class ActiveWriteFilter implements WriteFilterCallbacks {
  readonly filter: WriteFilter;
  readonly #manager: FilterManager;
  readonly #index: number;

  constructor(manager: FilterManager, index: number, filter: WriteFilter) {
    this.#manager = manager;
    this.#index = index;
    this.filter = filter;
  }

  get connection(): Connection {
    return this.#manager.connection;
  }

  injectWriteDataToFilterChain(data: DataBuffer, endStream: boolean): void {
    if (this.connection.state >= ConnectionState.Closing) return;
    this.#manager.writeFrom(this.#index, data, endStream);
  }
}
