import { HeaderId } from "../../../common/headers/header-id.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  HeaderMap,
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../../contracts/http/filter.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";
import { FrameCounter } from "../../../grpc/frame-counter.ts";
import {
  type GrpcMethod,
  isGrpcRequest,
  isGrpcResponse,
  methodOfPath,
} from "../../../grpc/messages.ts";
import type { MethodStats, MethodStatsOfClusters } from "../../../grpc/method-stats.ts";
import { PassThroughFilter } from "../common/pass-through-filter.ts";
import { routeCluster } from "../common/route-cluster.ts";
import type { GrpcStatsConfig } from "./config.ts";

export interface GrpcStatsShared {
  readonly config: GrpcStatsConfig;
  readonly clusterManager: ClusterManager;
  readonly stats: MethodStatsOfClusters;
}

const filterStateKey = "envoy.filters.http.grpc_stats";

/** `FilterObject` as protobuf's JSON has it: counts of 0 are absent. */
interface MessageCounts {
  requestMessageCount?: string;
  responseMessageCount?: string;
}

/** Watches one stream; nothing of it is changed or held. */
export class GrpcStatsFilter extends PassThroughFilter {
  readonly #shared: GrpcStatsShared;
  /** Where the call is counted; undefined when it is not. */
  #stats: MethodStats | undefined = undefined;
  #requestMessages: FrameCounter | undefined = undefined;
  #responseMessages: FrameCounter | undefined = undefined;
  #counts: MessageCounts | undefined = undefined;

  constructor(shared: GrpcStatsShared) {
    super();
    this.#shared = shared;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    if (isGrpcRequest(headers)) {
      this.#requestMessages = new FrameCounter();
      this.#stats = this.#statsFor(headers);
    }
    return FilterHeadersStatus.Continue;
  }

  override decodeData(data: DataBuffer): FilterDataStatus {
    const begun = this.#requestMessages?.inspect(data) ?? 0;
    if (begun > 0) {
      this.#stats?.chargeRequestMessages(begun);
      this.#showCounts();
    }
    return FilterDataStatus.Continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    if (isGrpcResponse(headers, endStream)) this.#responseMessages = new FrameCounter();
    this.#chargeStatus(headers);
    if (endStream) this.#chargeUpstreamTime();
    return FilterHeadersStatus.Continue;
  }

  override encodeData(data: DataBuffer): FilterDataStatus {
    const begun = this.#responseMessages?.inspect(data) ?? 0;
    if (begun > 0) {
      this.#stats?.chargeResponseMessages(begun);
      this.#showCounts();
    }
    return FilterDataStatus.Continue;
  }

  override encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.#chargeStatus(trailers);
    this.#chargeUpstreamTime();
    return FilterTrailersStatus.Continue;
  }

  #statsFor(headers: RequestHeaderMap): MethodStats | undefined {
    const { config, clusterManager, stats } = this.#shared;
    const cluster = routeCluster(this.decoderCallbacks, headers, clusterManager);
    if (cluster === undefined) return undefined;
    const method = methodOfPath(headers.getId(HeaderId.Path)!);
    if (!config.allMethods) return stats.of(cluster, allowedOf(method, config));
    if (method === undefined) return undefined;
    if (!config.replaceDots) return stats.of(cluster, method);
    return stats.of(cluster, { ...method, service: method.service.replaceAll(".", "_") });
  }

  #chargeStatus(headers: HeaderMap): void {
    const status = headers.getId(HeaderId.GrpcStatus);
    if (status !== undefined) this.#stats?.chargeStatus(status);
  }

  /** From the last byte of the request to the last of the response, when the upstream has seen both. */
  #chargeUpstreamTime(): void {
    const upstream = this.decoderCallbacks.streamInfo.upstreamInfo;
    if (!this.#shared.config.upstreamStats || this.#stats === undefined || !upstream) return;
    if (upstream.lastTxByteMs === 0 || upstream.lastRxByteMs === 0) return;
    this.#stats.chargeUpstreamTime(Math.floor(upstream.lastRxByteMs - upstream.lastTxByteMs));
  }

  #showCounts(): void {
    if (!this.#shared.config.emitFilterState) return;
    if (this.#counts === undefined) {
      this.#counts = {};
      this.decoderCallbacks.streamInfo.filterState.set(filterStateKey, this.#counts);
    }
    const [requests, responses] = [this.#requestMessages, this.#responseMessages];
    if (requests !== undefined && requests.count > 0) {
      this.#counts.requestMessageCount = String(requests.count);
    }
    if (responses !== undefined && responses.count > 0) {
      this.#counts.responseMessageCount = String(responses.count);
    }
  }
}

function allowedOf(
  method: GrpcMethod | undefined,
  config: GrpcStatsConfig,
): GrpcMethod | undefined {
  if (method === undefined) return undefined;
  return config.allowed.has(`/${method.service}/${method.method}`) ? method : undefined;
}
