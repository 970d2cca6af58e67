import { storeMetadata } from "../../../common/dynamic-metadata.ts";
import { isChosen } from "../../../common/fraction.ts";
import { HeaderId } from "../../../common/headers/header-id.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { Dispatcher } from "../../../contracts/event.ts";
import type {
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type LocalReply,
} from "../../../contracts/http/filter.ts";
import { ResponseFlag } from "../../../contracts/stream-info.ts";
import type { ClusterInfo, ClusterManager } from "../../../contracts/upstream/cluster.ts";
import type {
  AuthCall,
  AuthCallbacks,
  AuthResponse,
  ResponseHeaderOption,
} from "../../common/ext_authz/auth-response.ts";
import type { MetadataMatcher } from "../../common/ext_authz/metadata-matcher.ts";
import type { ClusterCounters } from "../common/cluster-counters.ts";
import { PassThroughFilter } from "../common/pass-through-filter.ts";
import { routeCluster } from "../common/route-cluster.ts";
import { isEnough, isTooMuch, takeBody } from "./check-body.ts";
import type { BodyConfig, ExtAuthzConfig } from "./ext-authz-config.ts";
import type { AuthServices } from "./auth-services.ts";
import type { CheckBody } from "./http-check.ts";
import {
  areValid,
  changesRequest,
  mayMutate,
  mutateDenial,
  mutateRequest,
  mutateResponse,
} from "./mutations.ts";
import { routeSettings, type RouteSettings } from "./route-settings.ts";
import type { ClusterStat, ExtAuthzStats } from "./stats.ts";

/** What the filters of one configuration share on a worker. */
export interface ExtAuthzShared {
  readonly config: ExtAuthzConfig;
  readonly services: AuthServices;
  readonly enabledMetadata: MetadataMatcher | undefined;
  readonly clusterManager: Pick<ClusterManager, "getThreadLocalCluster">;
  readonly dispatcher: Dispatcher;
  readonly stats: ExtAuthzStats;
  /** Below `cluster.<cluster of the route>.ext_authz.` */
  readonly clusterStats: ClusterCounters<ClusterStat>;
}

/** Where a stream's check stands. */
const State = {
  /** Nothing is asked, or all has been answered: the stream passes. */
  Idle: 0,
  /** The body is collected for the service. */
  Buffering: 1,
  /** The service is asked. */
  Calling: 2,
  /** The request was answered from here. */
  Responded: 3,
} as const;

const Details = {
  Denied: "ext_authz_denied",
  Error: "ext_authz_error",
  Invalid: "ext_authz_invalid",
} as const;

const noHeaders: readonly ResponseHeaderOption[] = [];

/** A status that can end a response; the service may name any number, or none. */
function isFinal(code: number): boolean {
  return code >= 200 && code <= 599;
}

/** What follows the head is not a body that ends. */
function isTunnel(headers: RequestHeaderMap): boolean {
  return headers.hasId(HeaderId.Upgrade) || headers.getId(HeaderId.Method) === "CONNECT";
}

/** `envoy.filters.http.ext_authz` on one stream: holds the request until the service has allowed it. */
export class ExtAuthzFilter extends PassThroughFilter implements AuthCallbacks {
  readonly #shared: ExtAuthzShared;
  #state: number = State.Idle;
  /** Inside of `check`: the callback of the stream that began it is still on the stack. */
  #initiating = false;
  #headers: RequestHeaderMap | undefined = undefined;
  #settings: RouteSettings | undefined = undefined;
  #body: BodyConfig | undefined = undefined;
  #cluster: ClusterInfo | undefined = undefined;
  #call: AuthCall | undefined = undefined;
  #startMs = 0;
  #responseHeaders = noHeaders;

  constructor(shared: ExtAuthzShared) {
    super();
    this.#shared = shared;
  }

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const settings = routeSettings(
      this.decoderCallbacks.perFilterConfigs(),
      this.#shared.config.body,
    );
    if (settings.disabled) return FilterHeadersStatus.Continue;
    if (!this.#isEnabled()) return this.#skip();
    this.#headers = headers;
    this.#settings = settings;
    if (settings.body !== undefined && !endStream && !isTunnel(headers)) {
      this.#state = State.Buffering;
      this.#body = settings.body;
      const { maxBytes, allowPartial } = settings.body;
      if (!allowPartial) this.decoderCallbacks.setDecoderBufferLimit(maxBytes);
      return FilterHeadersStatus.StopIteration;
    }
    return this.#initiate(undefined)
      ? FilterHeadersStatus.StopAllIterationAndWatermark
      : FilterHeadersStatus.Continue;
  }

  override decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    if (this.#state === State.Idle) return FilterDataStatus.Continue;
    if (this.#state === State.Buffering) {
      const buffered = this.decoderCallbacks.decodingBuffer();
      const enough = isEnough(buffered, data, this.#body!);
      // What is too much is not sent: the buffer's limit answers.
      if (!(endStream || enough) || isTooMuch(buffered, data, this.#body!)) {
        return FilterDataStatus.StopIterationAndBuffer;
      }
      const body = takeBody(buffered, data, this.#body!);
      if (!this.#initiate(body)) return FilterDataStatus.Continue;
    }
    return FilterDataStatus.StopIterationAndWatermark;
  }

  override decodeTrailers(_trailers: TrailerMap): FilterTrailersStatus {
    if (this.#state === State.Idle) return FilterTrailersStatus.Continue;
    if (this.#state === State.Buffering) {
      const body = takeBody(this.decoderCallbacks.decodingBuffer(), undefined, this.#body!);
      if (!this.#initiate(body)) return FilterTrailersStatus.Continue;
    }
    return FilterTrailersStatus.StopIteration;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    if (this.#responseHeaders.length > 0) mutateResponse(headers, this.#responseHeaders);
    return FilterHeadersStatus.Continue;
  }

  override onDestroy(): void {
    this.#call?.cancel();
    this.#call = undefined;
  }

  #isEnabled(): boolean {
    const { config, dispatcher, enabledMetadata } = this.#shared;
    const { enabled } = config;
    if (enabled !== undefined && !isChosen(enabled, dispatcher.random)) return false;
    const { dynamicMetadata } = this.decoderCallbacks.streamInfo;
    return enabledMetadata === undefined || enabledMetadata.match(dynamicMetadata);
  }

  /** The filter is off for this request, by chance or by metadata. */
  #skip(): FilterHeadersStatus {
    const { stats, config } = this.#shared;
    stats.disabled.inc();
    if (!config.denyAtDisable) return FilterHeadersStatus.Continue;
    this.#respond({ code: config.statusOnError, body: "", details: Details.Error });
    return FilterHeadersStatus.StopIteration;
  }

  /** Asks the service. True: the stream has to wait, or was answered. */
  #initiate(body: CheckBody | undefined): boolean {
    this.#state = State.Calling;
    this.#startMs = this.#shared.dispatcher.time.monotonicMs();
    // As the route is before the service changes the request.
    this.#cluster = routeCluster(
      this.decoderCallbacks,
      this.#headers!,
      this.#shared.clusterManager,
    );
    const { contextExtensions, service } = this.#settings!;
    const check = {
      stream: this.decoderCallbacks,
      headers: this.#headers!,
      contextExtensions,
      body,
    };
    this.#initiating = true;
    this.#call = this.#shared.services.of(service).check(check, this);
    this.#initiating = false;
    return this.#state !== State.Idle;
  }

  // What the service said.

  onAuthResponse(response: AuthResponse): void {
    this.#call = undefined;
    this.#ingestMetadata(response);
    if (response.status === "ok") this.#onOk(response);
    else if (response.status === "denied") this.#onDenied(response);
    else this.#onError(response);
  }

  #ingestMetadata({ status, dynamicMetadata }: AuthResponse): void {
    if (dynamicMetadata === undefined || Object.keys(dynamicMetadata).length === 0) return;
    const { config, stats, dispatcher } = this.#shared;
    if (!config.ingestDynamicMetadata) {
      stats.ignoredDynamicMetadata.inc();
      return;
    }
    const values = { ...dynamicMetadata };
    if (status === "ok") {
      values["ext_authz_duration"] = Math.floor(dispatcher.time.monotonicMs() - this.#startMs);
    }
    storeMetadata(this.decoderCallbacks.streamInfo, "envoy.filters.http.ext_authz", values);
  }

  #onOk(response: AuthResponse): void {
    const { config, stats, clusterStats } = this.#shared;
    if (!mayMutate(response, config)) {
      this.#reject();
      return;
    }
    if (config.clearRouteCache && changesRequest(response, config.clearRouteCacheHeaders)) {
      this.decoderCallbacks.clearRouteCache();
    }
    mutateRequest(this.#headers!, response, config);
    this.#responseHeaders = response.responseHeaders;
    clusterStats.inc(this.#cluster, "ok");
    stats.ok.inc();
    this.#continue();
  }

  #onDenied(response: AuthResponse): void {
    const { config, stats, clusterStats } = this.#shared;
    const code = isFinal(response.code) ? response.code : 403;
    stats.denied.inc();
    clusterStats.inc(this.#cluster, "denied");
    if (config.chargeClusterResponseStats) {
      const origin = { internal: true, canary: false, host: undefined };
      this.#cluster?.codeStats.chargeResponse(code, origin);
    }
    this.#refuse(response, code, Details.Denied);
  }

  #onError(response: AuthResponse): void {
    const { config, stats, clusterStats } = this.#shared;
    stats.error.inc();
    clusterStats.inc(this.#cluster, "error");
    if (!config.failureModeAllow) {
      const code = isFinal(response.code) ? response.code : config.statusOnError;
      this.#refuse(response, code, Details.Error);
      return;
    }
    stats.failureModeAllowed.inc();
    clusterStats.inc(this.#cluster, "failure_mode_allowed");
    if (config.failureModeAllowHeaderAdd) {
      this.#headers!.add("x-envoy-auth-failure-mode-allowed", "true");
    }
    this.#continue();
  }

  /** Answers as the service says. */
  #refuse({ body, headersToSet }: AuthResponse, code: number, details: string): void {
    const { validateMutations, maxDeniedBodyBytes } = this.#shared.config;
    if (validateMutations && !areValid(headersToSet)) {
      this.#reject();
      return;
    }
    this.#respond({
      code,
      body: maxDeniedBodyBytes > 0 ? body.slice(0, maxDeniedBodyBytes) : body,
      details,
      modifyHeaders: (headers) => mutateDenial(headers, headersToSet),
    });
  }

  /** The service wants something that it must not. */
  #reject(): void {
    this.#shared.stats.invalid.inc();
    this.#shared.clusterStats.inc(this.#cluster, "invalid");
    this.#respond({ code: 500, body: "", details: Details.Invalid });
  }

  #respond(reply: LocalReply): void {
    this.#state = State.Responded;
    this.decoderCallbacks.streamInfo.responseFlags |= ResponseFlag.UnauthorizedExternalService;
    this.decoderCallbacks.sendLocalReply(reply);
  }

  #continue(): void {
    this.#state = State.Idle;
    if (!this.#initiating) this.decoderCallbacks.continueDecoding();
  }
}
