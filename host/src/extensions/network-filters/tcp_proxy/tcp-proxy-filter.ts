import { newUpstreamInfo } from "../../../common/stream-info.ts";
import type { AccessLog, AccessLogType } from "../../../contracts/access-log.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { Dispatcher, Timer } from "../../../contracts/event.ts";
import {
  type Connection,
  type ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionEvent,
  ConnectionState,
} from "../../../contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../../contracts/network/filter.ts";
import { ResponseFlag, type UpstreamInfo } from "../../../contracts/stream-info.ts";
import type { ClusterManager, ThreadLocalCluster } from "../../../contracts/upstream/cluster.ts";
import { chooseCluster, idleTimeoutOf } from "./cluster-choice.ts";
import type { TcpProxyConfig } from "./config.ts";
import { ConnectBackoff } from "./connect-backoff.ts";
import type { TcpProxyStats } from "./tcp-proxy-stats.ts";
import { UpstreamDrainer } from "./upstream-drainer.ts";
import { type UpstreamOwner, UpstreamSide } from "./upstream-side.ts";

/** What all connections of one configuration on one worker share. */
export interface TcpProxyShared {
  readonly config: TcpProxyConfig;
  readonly stats: TcpProxyStats;
  readonly clusterManager: ClusterManager;
  readonly dispatcher: Dispatcher;
  readonly accessLogs: readonly AccessLog[];
}

/** Envoy's `UpstreamFailureReason`, whose number ends up in the local close reason. */
const FailureReason = {
  ConnectFailed: 0,
  NoHealthyUpstream: 1,
  ResourceLimitExceeded: 2,
  NoRoute: 3,
} as const;
type FailureReason = (typeof FailureReason)[keyof typeof FailureReason];

/** Connects a client to a host of a cluster and passes bytes, half-closes and resets both ways. */
export class TcpProxyFilter implements ReadFilter, ConnectionCallbacks, UpstreamOwner {
  readonly #shared: TcpProxyShared;
  readonly #stats: TcpProxyStats;
  readonly #upstreamInfo: UpstreamInfo = newUpstreamInfo();
  #callbacks!: ReadFilterCallbacks;
  #connection!: Connection;
  #upstream: UpstreamSide | undefined = undefined;
  #backoff: ConnectBackoff | undefined = undefined;
  #retryTimer: Timer | undefined = undefined;
  #durationTimer: Timer | undefined = undefined;
  #accessLogTimer: Timer | undefined = undefined;
  #idleTimer: Timer | undefined = undefined;
  #idleTimeoutMs = 0;

  constructor(shared: TcpProxyShared) {
    this.#shared = shared;
    this.#stats = shared.stats;
  }

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    const { connection } = callbacks;
    const stats = this.#stats;
    this.#callbacks = callbacks;
    this.#connection = connection;
    stats.downstreamCxTotal.inc();
    connection.setConnectionStats({
      rxBytesTotal: stats.downstreamCxRxBytesTotal,
      rxBytesBuffered: stats.downstreamCxRxBytesBuffered,
      txBytesTotal: stats.downstreamCxTxBytesTotal,
      txBytesBuffered: stats.downstreamCxTxBytesBuffered,
    });
    connection.enableHalfClose(true);
    // Until there is somebody to send it to, the client's data stays in the kernel.
    connection.readDisable(true);
    connection.addConnectionCallbacks(this);
    connection.streamInfo.upstreamInfo = this.#upstreamInfo;
  }

  onNewConnection(): FilterStatus {
    const { streamInfo } = this.#connection;
    const { config, dispatcher } = this.#shared;
    streamInfo.streamId = dispatcher.random.uuid();
    this.#startDurationTimer();
    this.#startAccessLogTimer();
    this.#idleTimeoutMs = idleTimeoutOf(config.idleTimeoutMs, streamInfo.filterState);
    if (this.#idleTimeoutMs > 0) {
      this.#idleTimer = dispatcher.createTimer(() => this.#onIdleTimeout());
      this.#resetIdleTimer();
    }
    this.#connect();
    return FilterStatus.StopIteration;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    this.#upstream?.connection.write(data, endStream);
    this.#resetIdleTimer();
    return FilterStatus.StopIteration;
  }

  onUpstreamData(data: DataBuffer, endStream: boolean): void {
    this.#connection.write(data, endStream);
    this.#resetIdleTimer();
  }

  // Connecting.

  #connect(): void {
    const { config, clusterManager, dispatcher } = this.#shared;
    const { streamInfo } = this.#connection;
    const name = chooseCluster(config.clusters, streamInfo.filterState, dispatcher.random);
    const cluster = clusterManager.getThreadLocalCluster(name);
    if (cluster === undefined) {
      this.#stats.downstreamCxNoRoute.inc();
      this.#fail(ResponseFlag.NoClusterFound, FailureReason.NoRoute);
      return;
    }
    this.#upstreamInfo.clusterName = name;
    this.#upstreamInfo.clusterObservabilityName = cluster.info.observabilityName;
    this.#upstreamInfo.clusterMetadata = cluster.info.metadata;
    if (this.#upstreamInfo.attemptCount >= config.maxConnectAttempts) {
      cluster.info.stats.upstreamCxConnectAttemptsExceeded.inc();
      this.#fail(ResponseFlag.UpstreamRetryLimitExceeded, FailureReason.ConnectFailed);
      return;
    }
    this.#connectTo(cluster);
  }

  #connectTo(cluster: ThreadLocalCluster): void {
    const result = cluster.tcpConnection({
      downstreamConnection: this.#connection,
      requestHeaders: undefined,
      streamInfo: this.#connection.streamInfo,
    });
    if (result.kind === "no_host") {
      this.#fail(ResponseFlag.NoHealthyUpstream, FailureReason.NoHealthyUpstream);
      return;
    }
    if (result.kind === "overflow") {
      this.#fail(ResponseFlag.UpstreamOverflow, FailureReason.ResourceLimitExceeded);
      return;
    }
    const info = this.#upstreamInfo;
    info.attemptCount += 1;
    info.host = result.host;
    info.remoteAddress = result.connection.remoteAddress;
    this.#callbacks.upstreamHost = result.host;
    this.#upstream = new UpstreamSide(result.connection, cluster, this);
    this.#upstream.connect();
  }

  #fail(flag: number, reason: FailureReason): void {
    this.#connection.streamInfo.responseFlags |= flag;
    // The spelling is Envoy's.
    this.#connection.close(ConnectionCloseType.NoFlush, `tcp_initializion_failure:${reason}`);
  }

  #onConnectFailure(side: UpstreamSide): void {
    this.#upstream = undefined;
    this.#connection.streamInfo.responseFlags |= ResponseFlag.UpstreamConnectionFailure;
    this.#upstreamInfo.transportFailureReason = side.connection.transportFailureReason;
    const { config, dispatcher } = this.#shared;
    if (this.#upstreamInfo.attemptCount >= config.maxConnectAttempts) {
      this.#connect();
      return;
    }
    this.#backoff ??= config.backoff && new ConnectBackoff(config.backoff, dispatcher.random);
    this.#retryTimer ??= dispatcher.createTimer(() => this.#connect());
    this.#retryTimer.enable(this.#backoff?.nextMs() ?? 0);
  }

  #onConnected(side: UpstreamSide): void {
    side.connected = true;
    const upstream = side.connection;
    this.#upstreamInfo.localAddress = upstream.localAddress;
    this.#upstreamInfo.connectionId = upstream.id;
    this.#upstreamInfo.ssl = upstream.ssl;
    const resetIdleTimer = (): void => this.#resetIdleTimer();
    upstream.addBytesSentCallback(resetIdleTimer);
    this.#connection.addBytesSentCallback(resetIdleTimer);
    this.#resetIdleTimer();
    if (this.#shared.config.flushAccessLogOnConnected) this.#log("TcpUpstreamConnected");
    this.#connection.readDisable(false);
  }

  // Ends.

  onUpstreamEvent(side: UpstreamSide, event: ConnectionEvent): void {
    if (side !== this.#upstream) return;
    if (event === ConnectionEvent.Connected) {
      this.#onConnected(side);
    } else if (side.connected) {
      this.#onUpstreamClosed(side);
    } else {
      this.#onConnectFailure(side);
    }
  }

  #onUpstreamClosed(side: UpstreamSide): void {
    this.#upstream = undefined;
    if (side.connection.detectedCloseType !== "remote-reset") {
      this.#connection.close(ConnectionCloseType.FlushWrite);
      return;
    }
    this.#connection.streamInfo.responseFlags |= ResponseFlag.UpstreamRemoteReset;
    this.#connection.close(ConnectionCloseType.AbortReset);
  }

  /** The client's connection has ended. */
  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) return;
    this.#retryTimer?.disable();
    this.#durationTimer?.disable();
    this.#accessLogTimer?.disable();
    this.#idleTimer?.disable();
    const side = this.#upstream;
    this.#upstream = undefined;
    if (side !== undefined) this.#closeUpstream(side, event);
    this.#log("TcpConnectionEnd");
  }

  #closeUpstream(side: UpstreamSide, event: ConnectionEvent): void {
    const upstream = side.connection;
    if (event === ConnectionEvent.LocalClose || !side.connected) {
      upstream.close(ConnectionCloseType.NoFlush, this.#connection.localCloseReason);
      return;
    }
    if (this.#connection.detectedCloseType === "remote-reset") {
      upstream.close(ConnectionCloseType.AbortReset);
      return;
    }
    upstream.close(ConnectionCloseType.FlushWrite);
    if (upstream.state === ConnectionState.Closed) return;
    void new UpstreamDrainer(upstream, this.#stats, this.#idleTimeoutMs);
  }

  // Flow control.

  onAboveWriteBufferHighWatermark(): void {
    const side = this.#upstream;
    if (side === undefined) return;
    side.cluster.info.stats.upstreamFlowControlPausedReadingTotal.inc();
    side.connection.readDisable(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    const side = this.#upstream;
    if (side === undefined) return;
    side.cluster.info.stats.upstreamFlowControlResumedReadingTotal.inc();
    side.connection.readDisable(false);
  }

  onUpstreamBackedUp(backedUp: boolean): void {
    if (this.#upstream === undefined) return;
    if (backedUp) this.#stats.downstreamFlowControlPausedReadingTotal.inc();
    else this.#stats.downstreamFlowControlResumedReadingTotal.inc();
    this.#connection.readDisable(backedUp);
  }

  // Timers and logs.

  #startDurationTimer(): void {
    const { config, dispatcher } = this.#shared;
    const duration = config.maxDownstreamConnectionDurationMs;
    if (duration === 0) return;
    const jitter = Math.ceil((duration * config.durationJitterPercent) / 100);
    const extra = jitter > 0 ? dispatcher.random.uint32() % jitter : 0;
    this.#durationTimer = dispatcher.createTimer(() => {
      this.#connection.streamInfo.responseFlags |= ResponseFlag.DurationTimeout;
      this.#stats.maxDownstreamConnectionDuration.inc();
      this.#connection.close(ConnectionCloseType.NoFlush, "max_connection_duration_reached");
    });
    this.#durationTimer.enable(duration + extra);
  }

  #startAccessLogTimer(): void {
    const { config, dispatcher } = this.#shared;
    const interval = config.accessLogFlushIntervalMs;
    if (interval === 0) return;
    this.#accessLogTimer = dispatcher.createTimer(() => {
      this.#accessLogTimer!.enable(interval);
      this.#log("TcpPeriodic");
    });
    this.#accessLogTimer.enable(interval);
  }

  #onIdleTimeout(): void {
    this.#stats.idleTimeout.inc();
    this.#connection.close(ConnectionCloseType.NoFlush, "tcp_session_idle_timeout");
  }

  #resetIdleTimer(): void {
    this.#idleTimer?.enable(this.#idleTimeoutMs);
  }

  #log(type: AccessLogType): void {
    for (const log of this.#shared.accessLogs) log.log(this.#connection.streamInfo, type);
  }
}
