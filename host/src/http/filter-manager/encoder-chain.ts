import type { DataBuffer } from "../../contracts/buffer.ts";
import type { ResponseHeaderMap, TrailerMap } from "../../contracts/headers.ts";
import { Filter1xxHeadersStatus, FilterHeadersStatus } from "../../contracts/http/filter.ts";
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
    if (!entry.afterHeaders(status as FilterHeadersStatus)) {
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
  let entry = startOf(manager, from, fromCurrent);
  const hadTrailers = manager.responseTrailers !== undefined;
  let trailersAddedBy: ActiveEncoderFilter | undefined;
  while (entry !== undefined) {
    if (entry.bufferIfStoppedAll(data)) return;
    // An inner continuation has already delivered the end to this filter and those behind it.
    if (entry.endStream) return;
    const status = callEncodeData(manager, entry, data, endStream);
    if (status < 0) return;
    if (!hadTrailers && trailersAddedBy === undefined && manager.responseTrailers !== undefined) {
      trailersAddedBy = entry;
    }
    if (!entry.afterData(status as 0 | 1 | 2 | 3, data)) return;
    entry = entry.next;
  }
  const endNow = endStream && trailersAddedBy === undefined;
  manager.callbacks.encodeData(data, endNow);
  if (manager.destroyed) return;
  manager.maybeEndEncode(endNow);
  if (trailersAddedBy !== undefined && manager.responseTrailers !== undefined) {
    encodeTrailers(manager, trailersAddedBy, manager.responseTrailers);
  }
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
  return fromCurrent && from.iterateFromCurrent ? from : from.next;
}

function continueWithAddedBody(filter: ActiveEncoderFilter | undefined): void {
  if (filter === undefined) return;
  filter.iterationState = IterationState.StopSingleIteration;
  filter.commonContinue();
}
