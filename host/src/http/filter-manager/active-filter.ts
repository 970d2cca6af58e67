import type { DataBuffer } from "../../contracts/buffer.ts";
import type { Dispatcher } from "../../contracts/event.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import { StreamResetReason } from "../../contracts/http/codec.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type LocalReply,
  type StreamFilterBase,
  type StreamFilterCallbacks,
} from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import type { Route } from "../../contracts/router/route.ts";
import type { StreamInfo } from "../../contracts/stream-info.ts";
import type { FilterManager } from "./filter-manager.ts";
import type { WatermarkBuffer } from "./watermark-buffer.ts";

/** Where the iteration stands at one filter. */
export const IterationState = {
  Continue: 0,
  /** Later filters see nothing; this one goes on being called. */
  StopSingleIteration: 1,
  /** This filter is not called either; body is buffered up to the limit. */
  StopAllBuffer: 2,
  /** The same; at the limit the sender is stopped. */
  StopAllWatermark: 3,
} as const;
export type IterationState = (typeof IterationState)[keyof typeof IterationState];

const noConfigs: readonly unknown[] = [];

/**
 * One filter of one stream in one direction, and the callbacks that it is given. It remembers how far the message
 * got here, so that iteration can stop and be taken up again; what is common to both directions is in this class.
 */
export abstract class ActiveFilter implements StreamFilterCallbacks {
  readonly manager: FilterManager;
  /** The filter's name in the chain: the key of per-route configuration. */
  readonly name: string;
  /** The next filter (not wrapper) of the stream in configured order; a dual filter is listed once. */
  nextFilter: ActiveFilter | undefined = undefined;
  iterationState: IterationState = IterationState.Continue;
  headersContinued = false;
  continued1xxHeaders = false;
  /** The end of the message was shown to this filter. */
  endStream = false;
  /** The trailers were shown to this filter, or made by it. */
  sawTrailers = false;
  /** After a StopAll status: data and trailers resume at this filter, which has not seen them. */
  iterateFromCurrent = false;
  /** Metadata that came before the headers were shown to this filter, or while it stopped all iteration. */
  savedMetadata: MetadataMap[] | undefined = undefined;

  constructor(manager: FilterManager, name: string) {
    this.manager = manager;
    this.name = name;
  }

  /** What both directions of a filter have in common. */
  abstract readonly base: StreamFilterBase;

  /** The headers were shown to this filter, and its callback has returned. */
  get headersShown(): boolean {
    return this.headersContinued || this.iterationState !== IterationState.Continue;
  }

  get stoppedAll(): boolean {
    return this.iterationState >= IterationState.StopAllBuffer;
  }

  get connection(): Connection | undefined {
    return this.manager.callbacks.connection;
  }

  get dispatcher(): Dispatcher {
    return this.manager.callbacks.dispatcher;
  }

  get streamInfo(): StreamInfo {
    return this.manager.callbacks.streamInfo;
  }

  get streamId(): number {
    return this.manager.callbacks.streamId;
  }

  get requestHeaders(): RequestHeaderMap | undefined {
    return this.manager.requestHeaders;
  }

  get requestTrailers(): TrailerMap | undefined {
    return this.manager.requestTrailers;
  }

  get responseHeaders(): ResponseHeaderMap | undefined {
    return this.manager.responseHeaders;
  }

  get responseTrailers(): TrailerMap | undefined {
    return this.manager.responseTrailers;
  }

  route(): Route | undefined {
    return this.manager.callbacks.route();
  }

  clearRouteCache(): void {
    this.manager.callbacks.clearRouteCache();
  }

  mostSpecificPerFilterConfig(): unknown {
    return this.route()?.perFilterConfig(this.name);
  }

  perFilterConfigs(): readonly unknown[] {
    return this.route()?.perFilterConfigs(this.name) ?? noConfigs;
  }

  resetStream(reason: StreamResetReason = StreamResetReason.LocalReset, details = ""): void {
    this.manager.resetStream(reason, details);
  }

  sendLocalReply(reply: LocalReply): void {
    this.manager.sendLocalReply(reply);
  }

  /** What the status of a headers callback means here, for metadata that came before, too; false: iteration stops. */
  afterHeaders(status: FilterHeadersStatus): boolean {
    const goesOn =
      status === FilterHeadersStatus.Continue ||
      status === FilterHeadersStatus.ContinueAndDontEndStream;
    if (goesOn) this.headersContinued = true;
    else this.iterationState = stateAfter(status);
    if (this.savedMetadata !== undefined && !this.stoppedAll) this.#doMetadataBehindHeaders();
    return goesOn;
  }

  /** The same for data; a filter that had stopped and now continues resumes with all that is buffered. */
  afterData(status: FilterDataStatus, data: DataBuffer): boolean {
    if (status === FilterDataStatus.Continue) {
      if (this.iterationState !== IterationState.StopSingleIteration) return true;
      this.bufferData(data);
      this.commonContinue();
      return false;
    }
    this.iterationState = IterationState.StopSingleIteration;
    if (status === FilterDataStatus.StopIterationNoBuffer) {
      this.#dropData(data);
    } else {
      this.setStreaming(status === FilterDataStatus.StopIterationAndWatermark);
      this.bufferData(data);
    }
    return false;
  }

  afterTrailers(status: FilterTrailersStatus): boolean {
    if (status === FilterTrailersStatus.StopIteration) {
      if (this.iterationState === IterationState.Continue) {
        this.iterationState = IterationState.StopSingleIteration;
      }
      return false;
    }
    if (this.iterationState !== IterationState.StopSingleIteration) return true;
    this.commonContinue();
    return false;
  }

  /** Keeps data that reached a filter which stopped all iteration; true when it did. */
  bufferIfStoppedAll(data: DataBuffer): boolean {
    if (!this.stoppedAll) return false;
    this.setStreaming(this.iterationState === IterationState.StopAllWatermark);
    this.bufferData(data);
    return true;
  }

  /** Keeps metadata for a time when it can go on. */
  saveMetadata(metadata: MetadataMap): void {
    (this.savedMetadata ??= []).push(metadata);
  }

  /** Where the data and trailers that this filter held go on. False: at the next filter. */
  get resumesHere(): boolean {
    // A filter that has seen the end of the message can only have made what follows itself.
    return this.iterateFromCurrent && !this.endStream;
  }

  /** Appends to the stream's buffer; data that is the buffer already was changed in place. */
  bufferData(data: DataBuffer): void {
    const buffered = this.bufferedData();
    if (buffered === data) return;
    (buffered ?? this.createBuffer()).move(data);
  }

  /** Takes iteration up again: 1xx, headers, buffered data, trailers, as far as they have not gone on. */
  commonContinue(): void {
    if (this.iterationState === IterationState.Continue || !this.canContinue()) return;
    if (this.stoppedAll) this.iterateFromCurrent = true;
    this.iterationState = IterationState.Continue;
    if (this.has1xxHeaders()) {
      this.do1xxHeaders();
      if (this.manager.responseHeaders === undefined) return;
    }
    if (!this.headersContinued) {
      this.headersContinued = true;
      this.doHeaders(this.complete() && this.bufferedData() === undefined && !this.hasTrailers());
    }
    if (this.savedMetadata !== undefined) this.#doSavedMetadata();
    // Trailers that are added on the way are passed on by the data iteration itself; those that this filter has
    // yet to see are still held by a filter before it.
    const hadTrailers = this.hasTrailers();
    if (this.bufferedData() !== undefined) this.doData(this.complete() && !hadTrailers);
    if (hadTrailers && (this.sawTrailers || this.iterateFromCurrent)) this.doTrailers();
    this.iterateFromCurrent = false;
  }

  /** Hands on what was saved; `iterateFromCurrent` says where. */
  #doSavedMetadata(): void {
    const saved = this.savedMetadata;
    this.savedMetadata = undefined;
    if (saved === undefined) return;
    for (let i = 0; i < saved.length; i += 1) this.doMetadata(saved[i]!);
  }

  /** This filter has not seen it. */
  #doMetadataBehindHeaders(): void {
    const resumed = this.iterateFromCurrent;
    this.iterateFromCurrent = true;
    this.#doSavedMetadata();
    this.iterateFromCurrent = resumed;
  }

  /** `StopIterationNoBuffer`: the bytes go, but the end of the message must still reach the next filter. */
  #dropData(data: DataBuffer): void {
    if (data.length > 0) data.drain(data.length);
    if (this.endStream && !this.manager.destroyed && this.bufferedData() === undefined) {
      this.createBuffer();
    }
  }

  protected abstract canContinue(): boolean;
  /** The message has arrived whole. */
  protected abstract complete(): boolean;
  protected abstract hasTrailers(): boolean;
  protected abstract bufferedData(): WatermarkBuffer | undefined;
  protected abstract createBuffer(): WatermarkBuffer;
  /** Whether crossing the limit pauses the sender instead of failing the stream. */
  protected abstract setStreaming(streaming: boolean): void;
  protected abstract has1xxHeaders(): boolean;
  protected abstract do1xxHeaders(): void;
  protected abstract doHeaders(endStream: boolean): void;
  protected abstract doData(endStream: boolean): void;
  protected abstract doTrailers(): void;
  protected abstract doMetadata(metadata: MetadataMap): void;
}

/** Of a filter that has stopped its headers. */
function stateAfter(status: FilterHeadersStatus): IterationState {
  if (status === FilterHeadersStatus.StopIteration) return IterationState.StopSingleIteration;
  return status === FilterHeadersStatus.StopAllIterationAndBuffer
    ? IterationState.StopAllBuffer
    : IterationState.StopAllWatermark;
}
