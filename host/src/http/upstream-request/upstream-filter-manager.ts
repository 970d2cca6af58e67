import type { ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import type { HttpFilterChain } from "../../contracts/http/filter-chain.ts";
import type { LocalReply } from "../../contracts/http/filter.ts";
import type { FilterManagerCallbacks } from "../filter-manager/filter-manager-callbacks.ts";
import { FilterManager } from "../filter-manager/filter-manager.ts";
import type { UpstreamCodecFilter } from "./upstream-codec-filter.ts";

/** What it needs of its attempt. */
export interface UpstreamFilterManagerCallbacks extends FilterManagerCallbacks {
  sendLocalReply(reply: LocalReply): void;
}

/**
 * The filters of one attempt. Their replies do not pass them: the attempt ends, and the answer is made where the
 * client's filters see it.
 */
export class UpstreamFilterManager extends FilterManager {
  readonly #attempt: UpstreamFilterManagerCallbacks;
  readonly #codec: UpstreamCodecFilter;

  constructor(
    attempt: UpstreamFilterManagerCallbacks,
    chain: HttpFilterChain,
    codec: UpstreamCodecFilter,
    bufferLimit: number,
  ) {
    super(attempt, chain, bufferLimit);
    this.#attempt = attempt;
    this.#codec = codec;
  }

  override createFilterChain(): void {
    super.createFilterChain();
    this.beginFilter("envoy.filters.http.upstream_codec");
    this.addStreamDecoderFilter(this.#codec);
  }

  override sendLocalReply(reply: LocalReply): void {
    if (!this.destroyed) this.#attempt.sendLocalReply(reply);
  }

  // What the client gets, and logs show, is known when it has come to the client's filters.

  override setResponseHeaders(headers: ResponseHeaderMap): void {
    this.responseHeaders = headers;
  }

  override setResponseTrailers(trailers: TrailerMap): void {
    this.responseTrailers = trailers;
  }

  /** Filters hear of nothing more but their end; of that not before their own callback has returned. */
  end(): void {
    const busy = this.callState !== 0;
    this.onStreamComplete();
    if (busy) this.dispatcher.post(() => this.destroyFilters());
    else this.destroyFilters();
  }
}
