import type { Socket } from "node:net";
import { addressText, ipAddress } from "../common/address.ts";
import { StreamInfoImpl } from "../common/stream-info.ts";
import type { Address } from "../contracts/address.ts";
import type { ListenerConfig } from "../contracts/config/snapshot.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { Logger } from "../contracts/log.ts";
import { ConnectionCloseType, ConnectionState } from "../contracts/network/connection.ts";
import type { ConnectionSocket } from "../contracts/network/listener-filter.ts";
import type { SecureSocket } from "../contracts/network/transport-socket.ts";
import { ResponseFlag } from "../contracts/stream-info.ts";
import { nextConnectionId } from "../network/connection-id.ts";
import type { ConnectionParameters } from "../network/connection-parameters.ts";
import { ConnectionImpl } from "../network/connection.ts";
import { SecureConnection } from "../network/secure-connection.ts";
import { noSink, SocketIo } from "../network/socket-io.ts";
import { ActiveConnection } from "./active-connection.ts";
import { ActiveSocket, type ActiveSocketOwner } from "./active-socket.ts";
import type { FilterChainRuntime } from "./filter-chain-runtime.ts";
import { HeldGenerations } from "./held-generations.ts";
import type { ListenerFilters } from "./listener-filters.ts";
import { allChains, findFilterChain, type ListenerRuntime } from "./listener-runtime.ts";
import type { ListenerStats } from "./listener-stats.ts";
import { TcpListener } from "./tcp-listener.ts";

/** Why a connection was closed: filters of too many versions were alive. */
const generationEnded = "filter_generation_ended";
const nothing = Buffer.alloc(0);

/** What a listener needs of its worker. */
export interface ActiveListenerContext {
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  /** The component `config`. */
  readonly configLogger: Logger;
  /** How long connections of a removed chain or listener may live on. */
  readonly drainTimeMs: number;
  /** The server is shutting down: new connections are told so. */
  readonly draining: boolean;
}

/** A committed listener of one worker: its sockets, and what was accepted on them. */
export class ActiveListener implements ActiveSocketOwner {
  readonly dispatcher: Dispatcher;
  readonly #context: ActiveListenerContext;
  #runtime: ListenerRuntime;
  /** By address index. */
  readonly #listeners: (TcpListener | undefined)[] = [];
  /** Sockets that the listener filters are not through with, also those of former versions. */
  readonly #pending = new Map<ActiveSocket, ListenerFilters>();
  /** Chains that an update or a removal took out of service, as long as they have connections. */
  #removedChains: FilterChainRuntime[] = [];

  constructor(runtime: ListenerRuntime, context: ActiveListenerContext) {
    this.#runtime = runtime;
    this.#context = context;
    this.dispatcher = context.dispatcher;
  }

  get runtime(): ListenerRuntime {
    return this.#runtime;
  }

  get stats(): ListenerStats {
    return this.#runtime.stats;
  }

  get timeout() {
    const { config } = this.#runtime;
    return {
      timeoutMs: config.listenerFiltersTimeoutMs,
      continueOnTimeout: config.continueOnListenerFiltersTimeout,
    };
  }

  /** Connections and sockets on the way to become one. */
  get active(): number {
    let count = this.#pending.size;
    for (const chain of this.#chains()) count += chain.connections.size;
    return count;
  }

  /** Accepts on `fd` for address number `index`, in the place of an earlier socket. */
  listen(index: number, fd: number): void {
    this.#listeners[index]?.close();
    this.#listeners[index] = new TcpListener(fd, this.#runtime.config.tcpBacklogSize, {
      onAccept: (socket) => this.accept(socket, index),
      onError: (error) => {
        const address = addressText(addressesOf(this.#runtime.config)[index]!);
        this.#context.logger.error(`accepting on ${address} failed: ${error.message}`);
      },
    });
  }

  /** A client has connected to address number `index`; the socket is paused. */
  accept(socket: Socket, index: number): void {
    this.stats.connectionsAcceptedPerSocketEvent.record(1);
    const accepted = connectionSocket(socket, addressesOf(this.#runtime.config)[index]!);
    const io = SocketIo.accepted(socket, noSink);
    if (accepted === undefined) {
      io.destroy();
      return;
    }
    const streamInfo = new StreamInfoImpl(this.dispatcher.time, {
      downstreamLocalAddress: accepted.localAddress,
      downstreamRemoteAddress: accepted.remoteAddress,
      downstreamDirectRemoteAddress: accepted.directRemoteAddress,
      connectionId: nextConnectionId(),
      filterChainName: "",
      listener: this.#runtime.config,
      requestedServerName: "",
    });
    const { listenerFilters } = this.#runtime;
    if (listenerFilters.isEmpty) {
      this.#newConnection(io, accepted, streamInfo, nothing);
      return;
    }
    const active = new ActiveSocket(io, accepted, streamInfo, this);
    if (!listenerFilters.add(active, accepted.localAddress)) {
      listenerFilters.remove(active);
      this.stats.extensionConfigMissing.inc();
      this.#configMissing();
      this.#refuse(io, streamInfo);
      return;
    }
    this.#pending.set(active, listenerFilters);
    active.start();
  }

  stopListening(): void {
    for (const listener of this.#listeners) listener?.close();
    this.#listeners.length = 0;
  }

  /** New connections use `runtime` from here on; connections of chains that it no longer has are drained. */
  update(runtime: ListenerRuntime): void {
    const kept = new Set(allChains(runtime));
    const removed = allChains(this.#runtime).filter((chain) => !kept.has(chain));
    this.#closeMovedAddresses(runtime.config);
    this.#runtime.listenerFilters.retire();
    this.#runtime = runtime;
    this.#drainChains(removed);
  }

  /** Stops accepting and lets the connections run out. */
  remove(): void {
    this.stopListening();
    this.#runtime.listenerFilters.retire();
    this.#drainChains(allChains(this.#runtime));
  }

  /** Tells every connection to finish. */
  drain(): void {
    for (const chain of this.#chains()) for (const active of chain.connections) active.drain();
  }

  /** Closes everything at once. */
  close(): void {
    this.stopListening();
    for (const socket of this.#pending.keys()) socket.close();
    for (const chain of this.#chains()) {
      for (const { connection } of chain.connections) {
        connection.close(ConnectionCloseType.NoFlush);
      }
    }
  }

  onSocketReady(active: ActiveSocket, peeked: Buffer): void {
    this.#forget(active);
    this.#newConnection(active.io, active.socket, active.streamInfo as StreamInfoImpl, peeked);
  }

  onSocketClosed(active: ActiveSocket): void {
    this.#forget(active);
    this.#log(active.streamInfo as StreamInfoImpl);
  }

  #forget(active: ActiveSocket): void {
    this.#pending.get(active)!.remove(active);
    this.#pending.delete(active);
  }

  #newConnection(
    io: SocketIo,
    socket: ConnectionSocket,
    streamInfo: StreamInfoImpl,
    peeked: Buffer,
  ): void {
    if (socket.detectedTransportProtocol === "") socket.detectedTransportProtocol = "raw_buffer";
    streamInfo.downstreamLocalAddress = socket.localAddress;
    streamInfo.downstreamRemoteAddress = socket.remoteAddress;
    streamInfo.requestedServerName = socket.requestedServerName;
    const chain = findFilterChain(this.#runtime, socket);
    if (chain === undefined) {
      this.stats.noFilterChainMatch.inc();
      streamInfo.responseFlags |= ResponseFlag.NoRouteFound;
      streamInfo.responseCodeDetails = "filter_chain_not_found";
      this.#refuse(io, streamInfo);
      return;
    }
    streamInfo.filterChainName = chain.config.name;
    const secure = this.#secure(chain, io, socket, peeked);
    const parameters: ConnectionParameters = {
      id: streamInfo.connectionId,
      streamInfo,
      localAddress: socket.localAddress,
      remoteAddress: socket.remoteAddress,
      directRemoteAddress: socket.directRemoteAddress,
      requestedApplicationProtocols: socket.requestedApplicationProtocols,
      requestedServerName: socket.requestedServerName,
      bufferLimit: this.#runtime.config.perConnectionBufferLimitBytes,
    };
    if (secure === undefined) {
      const connection = new ConnectionImpl(this.dispatcher, io, parameters);
      this.#startConnection(connection, chain, peeked);
    } else {
      const connection = new SecureConnection(this.dispatcher, secure, parameters);
      this.#startConnection(connection, chain, nothing);
    }
  }

  /** Hands the socket over to the chain's encryption, if it has one; `io` is not used any more then. */
  #secure(
    chain: FilterChainRuntime,
    io: SocketIo,
    socket: ConnectionSocket,
    peeked: Buffer,
  ): SecureSocket | undefined {
    const secure = chain.transportSockets?.secure({
      socket: io.socket,
      peeked,
      requestedApplicationProtocols: socket.requestedApplicationProtocols,
      dispatcher: this.dispatcher,
      handshakeTimeoutMs: chain.config.transportSocketConnectTimeoutMs,
      handshakeTimeouts: this.stats.downstreamCxTransportSocketConnectTimeout,
    });
    if (secure === undefined) return undefined;
    io.sink = {
      onSocketData: () => false,
      // A FIN that the listener filters' phase took from the socket.
      onSocketEnd: () => secure.socket.destroy(new Error("closed before the handshake")),
      onSocketError: (error) => secure.socket.destroy(error),
    };
    return secure;
  }

  #startConnection(connection: ConnectionImpl, chain: FilterChainRuntime, peeked: Buffer): void {
    const held = chain.hasDiscovered
      ? new HeldGenerations(() => connection.close(ConnectionCloseType.NoFlush, generationEnded))
      : undefined;
    if (!chain.createFilters(connection, held) || !connection.initializeReadFilters()) {
      this.stats.networkExtensionConfigMissing.inc();
      this.#configMissing();
      connection.close(ConnectionCloseType.NoFlush, "no_filters");
    }
    const active = new ActiveConnection(connection, this.#runtime, chain, held);
    if (connection.state === ConnectionState.Closed) {
      active.end();
      return;
    }
    connection.addConnectionCallbacks(active);
    connection.start(peeked);
    if (this.#context.draining) active.drain();
  }

  /** Envoy's words. */
  #configMissing(): void {
    const text =
      "New connection accepted while missing configuration. Close socket and stop the iteration onAccept.";
    this.#context.configLogger.debug(text);
  }

  /** The socket never becomes a connection. */
  #refuse(io: SocketIo, streamInfo: StreamInfoImpl): void {
    io.sink = noSink;
    io.destroy();
    this.#log(streamInfo);
  }

  #log(streamInfo: StreamInfoImpl): void {
    streamInfo.endTimeMs = this.dispatcher.time.monotonicMs();
    for (const log of this.#runtime.accessLogs) log.log(streamInfo, "NotSet");
  }

  #chains(): FilterChainRuntime[] {
    return [...allChains(this.#runtime), ...this.#removedChains];
  }

  #closeMovedAddresses(config: ListenerConfig): void {
    const before = addressesOf(this.#runtime.config).map(addressText);
    const after = addressesOf(config).map(addressText);
    for (const [index, listener] of this.#listeners.entries()) {
      if (before[index] === after[index]) continue;
      listener?.close();
      this.#listeners[index] = undefined;
    }
  }

  #drainChains(chains: readonly FilterChainRuntime[]): void {
    for (const chain of chains) chain.retire();
    const busy = chains.filter((chain) => chain.connections.size > 0);
    if (busy.length === 0) return;
    this.#removedChains = this.#removedChains.filter((chain) => chain.connections.size > 0);
    this.#removedChains.push(...busy);
    for (const chain of busy) for (const active of chain.connections) active.drain();
    const timer = this.dispatcher.createTimer(() => {
      for (const chain of busy) {
        for (const active of chain.connections) active.closeForRemovedChain();
      }
    });
    timer.enable(this.#context.drainTimeMs);
  }
}

/** The addresses by their index. */
function addressesOf(config: ListenerConfig): readonly Address[] {
  return [config.address, ...config.additionalAddresses];
}

/** Undefined when the peer is already gone. */
function connectionSocket(socket: Socket, bound: Address): ConnectionSocket | undefined {
  // As in Envoy, both ends of a Unix domain connection are the listener's path.
  const local = bound.kind === "pipe" ? bound : ipAddress(socket.localAddress, socket.localPort);
  const remote = bound.kind === "pipe" ? bound : ipAddress(socket.remoteAddress, socket.remotePort);
  if (local === undefined || remote === undefined) return undefined;
  return {
    localAddress: local,
    remoteAddress: remote,
    directRemoteAddress: remote,
    detectedTransportProtocol: "",
    requestedApplicationProtocols: [],
    requestedServerName: "",
  };
}
