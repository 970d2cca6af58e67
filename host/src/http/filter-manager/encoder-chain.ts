import type { DataBuffer } from "../../contracts/buffer.ts";
import type { ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import {
  Filter1xxHeadersStatus,
  FilterHeadersStatus,
  type FilterDataStatus,
} from "../../contracts/http/filter.ts";
import { IterationState } from "./active-filter.ts";
import type { ActiveEncoderFilter } from "./active-encoder-filter.ts";
import { CallState } from "./call-state.ts";
import type { FilterManager } from "./filter-manager.ts";

/**
 * The encoder chain, backwards through the configured order, and then out to the codec. `from` is the filter
 * *after* which iteration goes on (undefined: the response comes from the terminal filter or is a local reply).
 */
export function encode1xxHeaders(
  manager: FilterManager,
  from: ActiveEncoderFilter | undefined,
  headers: ResponseHeaderMap,
): void {
  manager.callbacks.resetIdleTimer();
  manager.has1xxHeaders = true;
  let entry = from === undefined ? manager.firstEncoder : from.next;
  while (entry !== undefined) {
    if (entry.filter.encode1xxHeaders !== undefined) {
      manager.callState |= CallState.Encode1xxHeaders;
      const status = entry.filter.encode1xxHeaders(headers);
      manager.callState &= ~CallState.Encode1xxHeaders;
      if (manager.encodingAborted) return;
      if (status === Filter1xxHeadersStatus.StopIteration) {
        entry.iterationState = IterationState.StopSingleIteration;
        return;
      }
    }
    entry.continued1xxHeaders = true;
    entry = entry.next;
  }
  manager.callbacks.encode1xxHeaders(headers);
}

export function encodeHeaders(
  manager: FilterManager,
  from: ActiveEncoderFilter | undefined,
  headers: ResponseHeaderMap,
  endStream: boolean,
): void {
  manager.callbacks.resetIdleTimer();
  manager.callbacks.disarmRequestTimeout();
  let entry: ActiveEncoderFilter | undefined;
  if (from === undefined) {
    manager.localComplete = endStream;
    entry = manager.firstEncoder;
  } else {
    entry = from.next;
  }
  let end = endStream;
  let bodyAddedBy: ActiveEncoderFilter | undefined;
  while (entry !== undefined) {
    const endHere: boolean = end && bodyAddedBy === undefined;
    const status = callEncodeHeaders(manager, entry, headers, endHere);
    if (status < 0) return;
    const goOn = entry.afterHeaders(status as FilterHeadersStatus);
    if (manager.encodingAborted) return;
    if (!goOn) {
      if (!endHere) continueWithAddedBody(bodyAddedBy);
      return;
    }
    if (status === FilterHeadersStatus.ContinueAndDontEndStream) end = false;
    if (end && bodyAddedBy === undefined && manager.bufferedResponseData !== undefined) {
      bodyAddedBy = entry;
    }
    entry = entry.next;
  }
  if (!manager.hasRequiredResponseHeaders(headers)) return;
  const endNow = end && bodyAddedBy === undefined;
  manager.responseHeadersEncoded = true;
  manager.callbacks.encodeHeaders(headers, endNow);
  if (manager.destroyed) return;
  manager.maybeEndEncode(endNow);
  if (!endNow) continueWithAddedBody(bodyAddedBy);
}

export function encodeData(
  manager: FilterManager,
  from: ActiveEncoderFilter | undefined,
  data: DataBuffer,
  endStream: boolean,
  fromCurrent: boolean,
): void {
  manager.callbacks.resetIdleTimer();
  if (manager.destroyed || manager.remoteEncodeComplete) return;
  if (from === undefined) manager.localComplete = endStream;
  const trailersBefore = manager.responseTrailers;
  let trailersAddedBy: ActiveEncoderFilter | undefined;
  let entry = startOf(manager, from, fromCurrent);
  while (entry !== undefined) {
    const held = entry.bufferIfStoppedAll(data);
    // An inner continuation has already delivered the end to this filter and those behind it.
    if (!held && entry.endStream) return;
    const status = held ? 0 : callEncodeData(manager, entry, data, endStream);
    if (status < 0) return;
    if (trailersBefore !== manager.responseTrailers) trailersAddedBy ??= entry;
    if (held || !entry.afterData(status as FilterDataStatus, data)) {
      // Trailers that this filter added stay, or have gone on, with its data; those of a filter before it follow.
      passAddedTrailers(manager, trailersAddedBy, entry);
      return;
    }
    entry = entry.next;
  }
  const endNow = endStream && trailersAddedBy === undefined;
  manager.callbacks.encodeData(data, endNow);
  if (manager.destroyed) return;
  manager.maybeEndEncode(endNow);
  passAddedTrailers(manager, trailersAddedBy, undefined);
}

/** `stoppedBy`: the filter at which the data stopped. */
function passAddedTrailers(
  manager: FilterManager,
  addedBy: ActiveEncoderFilter | undefined,
  stoppedBy: ActiveEncoderFilter | undefined,
): void {
  if (addedBy === undefined || addedBy === stoppedBy) return;
  encodeTrailers(manager, addedBy, manager.responseTrailers!);
}

export function encodeTrailers(
  manager: FilterManager,
  from: ActiveEncoderFilter | undefined,
  trailers: TrailerMap,
): void {
  manager.callbacks.resetIdleTimer();
  if (manager.destroyed || manager.remoteEncodeComplete) return;
  if (from === undefined) manager.localComplete = true;
  let entry = startOf(manager, from, true);
  while (entry !== undefined) {
    if (entry.stoppedAll) return;
    manager.callState |= CallState.EncodeTrailers;
    entry.sawTrailers = true;
    const status = entry.filter.encodeTrailers(trailers);
    manager.callState &= ~CallState.EncodeTrailers;
    entry.endStream = true;
    if (manager.encodingAborted) return;
    entry.filter.encodeComplete?.();
    if (!entry.afterTrailers(status)) return;
    entry = entry.next;
  }
  manager.callbacks.encodeTrailers(trailers);
  if (manager.destroyed) return;
  manager.maybeEndEncode(true);
}

/** The callback itself; -1 when encoding ended inside it. */
function callEncodeHeaders(
  manager: FilterManager,
  entry: ActiveEncoderFilter,
  headers: ResponseHeaderMap,
  endHere: boolean,
): number {
  entry.endStream = endHere;
  const bits = endHere
    ? CallState.EncodeHeaders | CallState.EncodeEndOfStream
    : CallState.EncodeHeaders;
  manager.callState |= bits;
  const status = entry.filter.encodeHeaders(headers, endHere);
  manager.callState &= ~bits;
  if (manager.encodingAborted) return -1;
  if (endHere) entry.filter.encodeComplete?.();
  return status;
}

function callEncodeData(
  manager: FilterManager,
  entry: ActiveEncoderFilter,
  data: DataBuffer,
  end: boolean,
): number {
  const endHere = end && manager.responseTrailers === undefined;
  entry.endStream = endHere;
  const bits = end ? CallState.EncodeData | CallState.EncodeEndOfStream : CallState.EncodeData;
  manager.callState |= bits;
  const status = entry.filter.encodeData(data, endHere);
  manager.callState &= ~bits;
  if (manager.encodingAborted) return -1;
  if (endHere) entry.filter.encodeComplete?.();
  return status;
}

function startOf(
  manager: FilterManager,
  from: ActiveEncoderFilter | undefined,
  fromCurrent: boolean,
): ActiveEncoderFilter | undefined {
  if (from === undefined) return manager.firstEncoder;
  return fromCurrent && from.resumesHere ? from : from.next;
}

function continueWithAddedBody(filter: ActiveEncoderFilter | undefined): void {
  if (filter === undefined) return;
  filter.iterationState = IterationState.StopSingleIteration;
  filter.commonContinue();
}
