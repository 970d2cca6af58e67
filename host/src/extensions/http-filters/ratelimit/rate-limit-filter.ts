import { storeMetadata } from "../../../common/dynamic-metadata.ts";
import { isChosen } from "../../../common/fraction.ts";
import { HeaderId } from "../../../common/headers/header-id.ts";
import type { Dispatcher } from "../../../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type LocalReply,
} from "../../../contracts/http/filter.ts";
import { ResponseFlag } from "../../../contracts/stream-info.ts";
import type { ClusterInfo, ClusterManager } from "../../../contracts/upstream/cluster.ts";
import type { GrpcCall } from "../../../grpc/grpc-client.ts";
import type { HeaderMutations } from "../../../router/header-mutations.ts";
import type {
  RateLimitCallbacks,
  RateLimitClient,
} from "../../common/ratelimit/rate-limit-client.ts";
import type { RateLimitAnswer } from "../../common/ratelimit/rate-limit-response.ts";
import type { ClusterCounters } from "../common/cluster-counters.ts";
import { PassThroughFilter } from "../common/pass-through-filter.ts";
import { routeCluster } from "../common/route-cluster.ts";
import type { Descriptors } from "./descriptors.ts";
import { addLimitHeaders, tightest } from "./limit-headers.ts";
import type { RateLimitFilterConfig } from "./rate-limit-filter-config.ts";

/** What the filters of one configuration share on a worker. */
export interface RateLimitShared {
  readonly config: RateLimitFilterConfig;
  readonly client: RateLimitClient;
  readonly descriptors: Descriptors;
  /** For answers that the filter makes. */
  readonly additions: HeaderMutations;
  readonly clusterManager: Pick<ClusterManager, "getThreadLocalCluster">;
  readonly dispatcher: Dispatcher;
  /** Below `cluster.<cluster of the route>.ratelimit.` */
  readonly stats: ClusterCounters<RateLimitAnswer["code"] | "failure_mode_allowed">;
}

/** Where a stream stands. */
const State = { Passing: 0, Calling: 1, Responded: 2 } as const;

const Details = { Limited: "request_rate_limited", Error: "rate_limiter_error" } as const;

/** Whoever wants a request to count more than once says so there: a number. */
const hitsAddendKey = "envoy.ratelimit.hits_addend";

/** Nobody waits for what the service says of a stream that is over. */
const nobody: RateLimitCallbacks = { onRateLimitAnswer: () => undefined };

/** `envoy.filters.http.ratelimit` on one stream: holds the request until the service has counted it. */
export class RateLimitFilter extends PassThroughFilter implements RateLimitCallbacks {
  readonly #shared: RateLimitShared;
  #state: number = State.Passing;
  /** Inside of `ask`: `decodeHeaders` is still on the stack. */
  #initiating = false;
  /** Set when limits hold for the request. */
  #headers: RequestHeaderMap | undefined = undefined;
  #cluster: ClusterInfo | undefined = undefined;
  #call: GrpcCall | undefined = undefined;
  #answer: RateLimitAnswer | undefined = undefined;

  constructor(shared: RateLimitShared) {
    super();
    this.#shared = shared;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    if (!this.#applies(headers)) return FilterHeadersStatus.Continue;
    const { clusterManager, descriptors: maker, client } = this.#shared;
    this.#cluster = routeCluster(this.decoderCallbacks, headers, clusterManager);
    if (this.#cluster === undefined) return FilterHeadersStatus.Continue;
    this.#headers = headers;
    const descriptors = maker.of(this.decoderCallbacks, headers, false);
    if (descriptors.length === 0) return FilterHeadersStatus.Continue;
    this.#state = State.Calling;
    const domain = maker.domain(this.decoderCallbacks);
    this.#initiating = true;
    this.#call = client.ask({ domain, descriptors, hitsAddend: this.#hitsAddend }, this);
    this.#initiating = false;
    return this.#waits ? FilterHeadersStatus.StopIteration : FilterHeadersStatus.Continue;
  }

  override decodeData(): FilterDataStatus {
    return this.#waits ? FilterDataStatus.StopIterationAndWatermark : FilterDataStatus.Continue;
  }

  override decodeTrailers(): FilterTrailersStatus {
    return this.#waits ? FilterTrailersStatus.StopIteration : FilterTrailersStatus.Continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    if (this.#answer !== undefined && this.#state !== State.Responded) {
      this.#addResponseHeaders(headers, this.#answer);
    }
    return FilterHeadersStatus.Continue;
  }

  override onDestroy(): void {
    if (this.#state === State.Calling) {
      this.#call?.cancel();
    } else if (this.#headers !== undefined) {
      this.#count(this.#headers);
    }
    this.#call = undefined;
  }

  get #waits(): boolean {
    return this.#state !== State.Passing;
  }

  #applies(headers: RequestHeaderMap): boolean {
    const { enabled, requestType } = this.#shared.config;
    if (!isChosen(enabled, this.#shared.dispatcher.random)) return false;
    if (requestType === "both") return true;
    const internal = headers.getId(HeaderId.XEnvoyInternal) === "true";
    return internal === (requestType === "internal");
  }

  get #hitsAddend(): number {
    const hits = this.decoderCallbacks.streamInfo.filterState.get(hitsAddendKey);
    return typeof hits === "number" ? hits : 0;
  }

  /** What counts when the stream is over. */
  #count(headers: RequestHeaderMap): void {
    const { descriptors: maker, client } = this.#shared;
    const descriptors = maker.of(this.decoderCallbacks, headers, true);
    if (descriptors.length === 0) return;
    const domain = maker.domain(this.decoderCallbacks);
    client.ask({ domain, descriptors, hitsAddend: this.#hitsAddend }, nobody);
  }

  // What the service said.

  onRateLimitAnswer(answer: RateLimitAnswer): void {
    const { stats, config, dispatcher } = this.#shared;
    this.#call = undefined;
    this.#answer = answer;
    this.#ingestMetadata(answer);
    stats.inc(this.#cluster!, answer.code);
    if (answer.code === "error") {
      this.#onError();
      return;
    }
    if (answer.code === "over_limit") {
      const origin = { internal: true, canary: false, host: undefined };
      this.#cluster!.codeStats.chargeResponse(config.limitedStatus, origin);
      if (isChosen(config.enforced, dispatcher.random)) {
        this.#refuse(answer);
        return;
      }
    }
    this.#continue(answer);
  }

  #ingestMetadata({ dynamicMetadata }: RateLimitAnswer): void {
    if (dynamicMetadata === undefined || Object.keys(dynamicMetadata).length === 0) return;
    const { metadataNamespace } = this.#shared.config;
    storeMetadata(this.decoderCallbacks.streamInfo, metadataNamespace, dynamicMetadata);
  }

  #onError(): void {
    const { stats, config, dispatcher } = this.#shared;
    if (isChosen(config.failureModeDeny, dispatcher.random)) {
      const reply = { code: config.statusOnError, body: "", details: Details.Error };
      this.#respond(ResponseFlag.RateLimitServiceError, reply);
      return;
    }
    stats.inc(this.#cluster!, "failure_mode_allowed");
    this.#state = State.Passing;
    if (!this.#initiating) this.decoderCallbacks.continueDecoding();
  }

  #refuse(answer: RateLimitAnswer): void {
    const { config, additions } = this.#shared;
    const { streamInfo } = this.decoderCallbacks;
    this.#respond(ResponseFlag.RateLimited, {
      code: config.limitedStatus,
      body: answer.body,
      details: Details.Limited,
      grpcStatus: config.limitedGrpcStatus,
      modifyHeaders: (headers) => {
        this.#addResponseHeaders(headers, answer);
        additions.apply(headers, streamInfo);
      },
    });
  }

  #respond(flag: number, reply: LocalReply): void {
    this.#state = State.Responded;
    this.decoderCallbacks.streamInfo.responseFlags |= flag;
    this.decoderCallbacks.sendLocalReply(reply);
  }

  #continue({ requestHeaders }: RateLimitAnswer): void {
    for (const [name, value] of requestHeaders) this.#headers!.add(name, value);
    this.#state = State.Passing;
    if (!this.#initiating) this.decoderCallbacks.continueDecoding();
  }

  /** Of the service's answer, and what its limits say. */
  #addResponseHeaders(headers: ResponseHeaderMap, answer: RateLimitAnswer): void {
    const { config } = this.#shared;
    const limited = answer.code === "over_limit";
    for (const [name, value] of answer.responseHeaders) headers.add(name, value);
    if (limited && config.rateLimitedHeader) headers.setId(HeaderId.XEnvoyRatelimited, "true");
    if (config.xRateLimitHeaders) addLimitHeaders(headers, answer.statuses);
    const least = config.retryAfterHeader && limited ? tightest(answer.statuses) : undefined;
    if (least !== undefined) headers.set("retry-after", String(least.secondsUntilReset));
  }
}
