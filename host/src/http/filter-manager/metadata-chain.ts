import { OwnedBuffer } from "../../common/data-buffer.ts";
import { FilterMetadataStatus } from "../../contracts/http/filter.ts";
import type { MetadataMap } from "../../contracts/http/metadata.ts";
import type { ActiveDecoderFilter } from "./active-decoder-filter.ts";
import type { ActiveEncoderFilter } from "./active-encoder-filter.ts";
import { IterationState } from "./active-filter.ts";
import { CallState, decodingMask } from "./call-state.ts";
import type { FilterManager } from "./filter-manager.ts";

/*
 * METADATA through both chains. It passes filters that have stopped the headers or the body, and is saved at the first
 * filter that has not seen the headers yet or wants to see nothing at all.
 */

/** `from`: as with data; undefined: from the first. */
export function decodeMetadata(
  manager: FilterManager,
  from: ActiveDecoderFilter | undefined,
  metadata: MetadataMap,
): void {
  let entry =
    from === undefined ? manager.firstDecoder : from.iterateFromCurrent ? from : from.next;
  while (entry !== undefined) {
    // The response is complete: nobody cares for the rest of the request.
    if (manager.localComplete || manager.decodingAborted) return;
    if (!entry.headersShown || entry.stoppedAll) {
      entry.saveMetadata(metadata);
      return;
    }
    if (entry.filter.decodeMetadata !== undefined) {
      const outer = manager.callState;
      manager.callState = outer | CallState.DecodeMetadata;
      const status = entry.filter.decodeMetadata(metadata);
      manager.callState = outer;
      if (manager.decodingAborted) {
        manager.executePreparedLocalReply();
        return;
      }
      if (!goesOn(entry, status, metadata)) return;
    }
    entry = entry.next;
  }
}

/** `from`: the filter after which it goes on, or at which when that has not seen it; undefined: from the first. */
export function encodeMetadata(
  manager: FilterManager,
  from: ActiveEncoderFilter | undefined,
  metadata: MetadataMap,
): void {
  if (manager.destroyed || manager.remoteEncodeComplete) return;
  manager.callbacks.resetIdleTimer();
  let entry =
    from === undefined ? manager.firstEncoder : from.iterateFromCurrent ? from : from.next;
  while (entry !== undefined) {
    if (!entry.headersShown || entry.stoppedAll) {
      entry.saveMetadata(metadata);
      return;
    }
    if (entry.filter.encodeMetadata !== undefined) {
      const outer = manager.callState;
      manager.callState = outer | CallState.EncodeMetadata;
      const status = entry.filter.encodeMetadata(metadata);
      manager.callState = outer;
      if (manager.encodingAborted || manager.remoteEncodeComplete) return;
      if (!goesOn(entry, status, metadata)) return;
    }
    entry = entry.next;
  }
  if (metadata.size > 0) manager.callbacks.encodeMetadata(metadata);
}

/** What the status means; false: the metadata goes no further from here. */
function goesOn(
  entry: ActiveDecoderFilter | ActiveEncoderFilter,
  status: FilterMetadataStatus,
  metadata: MetadataMap,
): boolean {
  if (status === FilterMetadataStatus.StopIterationForLocalReply) return false;
  const stopped = entry.iterationState !== IterationState.Continue;
  if (status === FilterMetadataStatus.Continue || !stopped) return true;
  // Between the headers and the data that it has stopped.
  entry.saveMetadata(metadata);
  entry.commonContinue();
  return false;
}

/** Metadata that a filter makes up: not before the callback that is on the stack has returned. */
export function addDecodedMetadata(manager: FilterManager, metadata: MetadataMap): void {
  if ((manager.callState & decodingMask) === 0) decodeMetadata(manager, undefined, metadata);
  else (manager.addedMetadata ??= []).push(metadata);
}

/** Behind a decoder callback during which metadata was added. */
export function passAddedMetadata(manager: FilterManager): void {
  const added = manager.addedMetadata;
  manager.addedMetadata = undefined;
  if (added === undefined) return;
  for (let i = 0; i < added.length; i += 1) decodeMetadata(manager, undefined, added[i]!);
}

/** The same behind a headers callback. `endStream`: there is no body. */
export function passMetadataAddedToHeaders(
  manager: FilterManager,
  entry: ActiveDecoderFilter,
  endStream: boolean,
): void {
  passAddedMetadata(manager);
  // The end comes behind the metadata, in an empty piece of body.
  if (endStream && !manager.decodingAborted && manager.bufferedRequestData === undefined) {
    entry.bufferData(new OwnedBuffer());
  }
}
