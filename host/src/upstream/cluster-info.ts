import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { Http1Settings, Http2Settings } from "../contracts/http/codec.ts";
import type { ConnectionStats } from "../contracts/network/connection.ts";
import type { StatsScope } from "../contracts/stats.ts";
import type {
  ClusterInfo,
  ClusterStats,
  CodeStats,
  ResourceManager,
} from "../contracts/upstream/cluster.ts";
import type { Http1CodecStats } from "../http/codec/http1/stats.ts";
import { createHttp2CodecStats, type Http2CodecStats } from "../http/codec/http2/stats.ts";
import type { ClusterTransports } from "./cluster-transports.ts";
import { createClusterStats } from "./cluster-stats.ts";
import { CodeStatsImpl } from "./code-stats.ts";
import type { UpstreamEnvironment } from "./environment.ts";
import { createResourceManager } from "./resource-manager.ts";

/** A cluster's settings and stats on one worker. Lives on in the pools that were made with it. */
export class ClusterInfoImpl implements ClusterInfo {
  readonly name: string;
  readonly observabilityName: string;
  readonly metadata: ClusterInfo["metadata"];
  readonly connectTimeoutMs: number;
  readonly perConnectionBufferLimitBytes: number;
  readonly idleTimeoutMs: number;
  /** 0 = unlimited. */
  readonly maxRequestsPerConnection: number;
  readonly stats: ClusterStats;
  readonly connectionStats: ConnectionStats;
  readonly scope: StatsScope;
  readonly codeStats: CodeStats;
  readonly http1Settings: Http1Settings;
  readonly http2Settings: Http2Settings;
  /** Undefined: connections are plain. */
  readonly transports: ClusterTransports | undefined;
  readonly #default: ResourceManager;
  readonly #high: ResourceManager;
  #codecStats: Http1CodecStats | undefined = undefined;
  #http2CodecStats: Http2CodecStats | undefined = undefined;

  constructor(
    config: ClusterConfig,
    environment: UpstreamEnvironment,
    transports: ClusterTransports | undefined,
  ) {
    const counts = new Int32Array(config.resourceCounts);
    const { workerIndex, stats: root, localInfo } = environment;
    this.name = config.name;
    this.observabilityName = config.observabilityName;
    this.metadata = config.metadata;
    this.connectTimeoutMs = config.connectTimeoutMs;
    this.perConnectionBufferLimitBytes = config.perConnectionBufferLimitBytes;
    this.idleTimeoutMs = config.idleTimeoutMs;
    this.maxRequestsPerConnection = config.maxRequestsPerConnection;
    this.scope = root.scope(`cluster.${config.observabilityName}`);
    this.stats = createClusterStats(this.scope);
    this.connectionStats = connectionStatsOf(this.stats);
    this.codeStats = new CodeStatsImpl(this.scope, localInfo.zone);
    this.http1Settings = http1SettingsOf(config);
    this.http2Settings = config.http2;
    this.transports = transports;
    const { default: normal, high } = config.circuitBreakers;
    this.#default = createResourceManager(counts, "default", workerIndex, normal);
    this.#high = createResourceManager(counts, "high", workerIndex, high);
  }

  readonly resourceManager = (priority: "default" | "high"): ResourceManager =>
    priority === "high" ? this.#high : this.#default;

  /** `cluster.<name>.http1.*`, which come into being with the first connection. */
  get codecStats(): Http1CodecStats {
    this.#codecStats ??= createCodecStats(this.scope.scope("http1"));
    return this.#codecStats;
  }

  /** `cluster.<name>.http2.*`, likewise. */
  get http2CodecStats(): Http2CodecStats {
    this.#http2CodecStats ??= createHttp2CodecStats(this.scope.scope("http2"));
    return this.#http2CodecStats;
  }
}

function connectionStatsOf(stats: ClusterStats): ConnectionStats {
  return {
    rxBytesTotal: stats.upstreamCxRxBytesTotal,
    rxBytesBuffered: stats.upstreamCxRxBytesBuffered,
    txBytesTotal: stats.upstreamCxTxBytesTotal,
    txBytesBuffered: stats.upstreamCxTxBytesBuffered,
  };
}

function createCodecStats(scope: StatsScope): Http1CodecStats {
  return {
    droppedHeadersWithUnderscores: scope.counter("dropped_headers_with_underscores"),
    metadataNotSupportedError: scope.counter("metadata_not_supported_error"),
    requestsRejectedWithUnderscoresInHeaders: scope.counter(
      "requests_rejected_with_underscores_in_headers",
    ),
    responseFlood: scope.counter("response_flood"),
  };
}

function http1SettingsOf(config: ClusterConfig): Http1Settings {
  return {
    maxHeadersBytes: config.http1.maxHeadersBytes,
    maxHeadersCount: config.http1.maxHeadersCount,
    acceptHttp10: true,
    defaultHostForHttp10: "",
    allowAbsoluteUrl: false,
    enableTrailers: config.http1.enableTrailers,
    allowChunkedLength: false,
    headerKeyFormat: config.http1.headerKeyFormat,
    underscoresInHeaders: "allow",
    streamErrorOnInvalidHttpMessage: false,
  };
}
