import type { DataBuffer } from "../../contracts/buffer.ts";
import type { RequestHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import { FilterHeadersStatus, type FilterDataStatus } from "../../contracts/http/filter.ts";
import { IterationState } from "./active-filter.ts";
import type { ActiveDecoderFilter } from "./active-decoder-filter.ts";
import { CallState } from "./call-state.ts";
import { passAddedMetadata, passMetadataAddedToHeaders } from "./metadata-chain.ts";
import type { FilterManager } from "./filter-manager.ts";

/**
 * The decoder chain, forwards. `from` is the filter *after* which iteration goes on (undefined: from the first).
 *
 * After every callback the stream may be over: a local reply, a reset or a codec error may have happened inside.
 * `decodingAborted` says so for everything that ended decoding.
 */
export function decodeHeaders(
  manager: FilterManager,
  from: ActiveDecoderFilter | undefined,
  headers: RequestHeaderMap,
  endStream: boolean,
): void {
  let entry = from === undefined ? manager.firstDecoder : from.next;
  let end = endStream;
  /** A filter that gave a bodyless request a body: later filters get it as data. */
  let bodyAddedBy: ActiveDecoderFilter | undefined;
  while (entry !== undefined) {
    const endHere: boolean = end && bodyAddedBy === undefined;
    const status = callDecodeHeaders(manager, entry, headers, endHere);
    if (status < 0) return;
    const goOn = entry.afterHeaders(status as FilterHeadersStatus);
    if (status === FilterHeadersStatus.ContinueAndDontEndStream) end = false;
    if (endHere) entry.filter.decodeComplete?.();
    if (manager.addedMetadata !== undefined) passMetadataAddedToHeaders(manager, entry, endHere);
    if (manager.decodingAborted) return;
    // The terminal filter stops as a rule; a body that was added before it must reach it all the same.
    if (!goOn && entry.next !== undefined) {
      continueWithAddedBody(bodyAddedBy);
      return;
    }
    if (end && bodyAddedBy === undefined && manager.bufferedRequestData !== undefined) {
      bodyAddedBy = entry;
    }
    entry = entry.next;
  }
  continueWithAddedBody(bodyAddedBy);
  if (end) manager.callbacks.disarmRequestTimeout();
}

/** `fromCurrent`: begin at `from` itself if it stopped all iteration and has not seen the data. */
export function decodeData(
  manager: FilterManager,
  from: ActiveDecoderFilter | undefined,
  data: DataBuffer,
  endStream: boolean,
  fromCurrent: boolean,
): void {
  manager.callbacks.resetIdleTimer();
  // The response is complete: nobody cares for the rest of the request.
  if (manager.localComplete || manager.destroyed) return;
  const trailersBefore = manager.requestTrailers;
  let trailersAddedBy: ActiveDecoderFilter | undefined;
  let entry = startOf(manager, from, fromCurrent);
  while (entry !== undefined) {
    const held = entry.bufferIfStoppedAll(data);
    // An inner continuation has already delivered the end to this filter and those behind it.
    if (!held && entry.endStream) return;
    const status = held ? 0 : callDecodeData(manager, entry, data, endStream);
    if (status < 0) return;
    if (trailersBefore !== manager.requestTrailers) trailersAddedBy ??= entry;
    const goOn = !held && entry.afterData(status as FilterDataStatus, data);
    // The terminal filter stops as a rule.
    if (!goOn && (held || entry.next !== undefined)) {
      // Trailers that this filter added stay, or have gone on, with its data; those of a filter before it follow.
      passAddedTrailers(manager, trailersAddedBy, entry);
      return;
    }
    entry = entry.next;
  }
  if (trailersAddedBy === undefined && endStream) manager.callbacks.disarmRequestTimeout();
  else passAddedTrailers(manager, trailersAddedBy, undefined);
}

/** `stoppedBy`: the filter at which the data stopped. */
function passAddedTrailers(
  manager: FilterManager,
  addedBy: ActiveDecoderFilter | undefined,
  stoppedBy: ActiveDecoderFilter | undefined,
): void {
  if (addedBy === undefined || addedBy === stoppedBy) return;
  decodeTrailers(manager, addedBy, manager.requestTrailers!);
}

export function decodeTrailers(
  manager: FilterManager,
  from: ActiveDecoderFilter | undefined,
  trailers: TrailerMap,
): void {
  if (manager.localComplete || manager.destroyed) return;
  let entry = startOf(manager, from, true);
  while (entry !== undefined) {
    if (entry.stoppedAll) return;
    manager.callState |= CallState.DecodeTrailers;
    entry.sawTrailers = true;
    const status = entry.filter.decodeTrailers(trailers);
    manager.callState &= ~CallState.DecodeTrailers;
    entry.endStream = true;
    if (manager.decodingAborted) {
      manager.executePreparedLocalReply();
      return;
    }
    entry.filter.decodeComplete?.();
    if (manager.addedMetadata !== undefined) {
      passAddedMetadata(manager);
      if (manager.decodingAborted) return;
    }
    if (!entry.afterTrailers(status)) return;
    entry = entry.next;
  }
  manager.callbacks.disarmRequestTimeout();
}

/** The callback itself; -1 when decoding ended inside it. */
function callDecodeHeaders(
  manager: FilterManager,
  entry: ActiveDecoderFilter,
  headers: RequestHeaderMap,
  endHere: boolean,
): number {
  entry.endStream = endHere;
  const bits = endHere
    ? CallState.DecodeHeaders | CallState.DecodeEndOfStream
    : CallState.DecodeHeaders;
  manager.callState |= bits;
  const status = entry.filter.decodeHeaders(headers, endHere);
  manager.callState &= ~bits;
  if (!manager.decodingAborted) return status;
  manager.executePreparedLocalReply();
  return -1;
}

function callDecodeData(
  manager: FilterManager,
  entry: ActiveDecoderFilter,
  data: DataBuffer,
  end: boolean,
): number {
  const endHere = end && manager.requestTrailers === undefined;
  entry.endStream = endHere;
  const bits = end ? CallState.DecodeData | CallState.DecodeEndOfStream : CallState.DecodeData;
  manager.callState |= bits;
  const status = entry.filter.decodeData(data, endHere);
  manager.callState &= ~bits;
  if (manager.decodingAborted) {
    manager.executePreparedLocalReply();
    return -1;
  }
  if (endHere) entry.filter.decodeComplete?.();
  if (manager.addedMetadata !== undefined) {
    passAddedMetadata(manager);
    if (manager.decodingAborted) return -1;
  }
  return status;
}

function startOf(
  manager: FilterManager,
  from: ActiveDecoderFilter | undefined,
  fromCurrent: boolean,
): ActiveDecoderFilter | undefined {
  if (from === undefined) return manager.firstDecoder;
  return fromCurrent && from.resumesHere ? from : from.next;
}

function continueWithAddedBody(filter: ActiveDecoderFilter | undefined): void {
  if (filter === undefined) return;
  filter.iterationState = IterationState.StopSingleIteration;
  filter.commonContinue();
}
