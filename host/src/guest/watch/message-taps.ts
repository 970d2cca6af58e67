import type { DataBuffer } from "../../contracts/buffer.ts";
import type {
  HeaderMap,
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../contracts/headers.ts";
import {
  type FilterChainFactoryCallbacks,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamFilter,
} from "../../contracts/http/filter.ts";
import type { CallTrace, GuestTrace } from "./guest-trace.ts";
import type { HeaderList, MessageChange, MessageState } from "./message-change.ts";
import type { WatchedGuest } from "./watched-guest.ts";

/**
 * Two filters around a guest's filter on one stream, that write down what goes by; undefined unless somebody follows
 * the guest and wants to see what it changes.
 */
export function messageTaps(watched: WatchedGuest | undefined): MessageTaps | undefined {
  const trace = watched?.trace;
  if (trace?.request.changes !== true) return undefined;
  const calls = trace.stream("stream");
  return calls === undefined ? undefined : new MessageTaps(new StreamRecord(trace, calls));
}

/** Of one stream. */
export class MessageTaps {
  readonly #record: StreamRecord;

  constructor(record: StreamRecord) {
    this.#record = record;
  }

  /** Called before the guest's filter is added. */
  addFront(callbacks: FilterChainFactoryCallbacks): void {
    callbacks.addStreamFilter(new MessageTap(this.#record, true));
  }

  /** Called after it. */
  addBack(callbacks: FilterChainFactoryCallbacks): void {
    callbacks.addStreamFilter(new MessageTap(this.#record, false));
  }
}

/** A message as it goes by at one place, while it does. */
class PassingMessage {
  headers: HeaderList | undefined = undefined;
  trailers: HeaderList | undefined = undefined;
  bodyBytes = 0;

  state(): MessageState {
    const { headers, trailers, bodyBytes } = this;
    return { headers, trailers, bodyBytes };
  }
}

/** What the two filters of a stream share. */
class StreamRecord {
  readonly trace: GuestTrace;
  readonly calls: CallTrace;
  /** In front and behind. */
  readonly requests = [new PassingMessage(), new PassingMessage()] as const;
  readonly responses = [new PassingMessage(), new PassingMessage()] as const;
  #written = false;

  constructor(trace: GuestTrace, calls: CallTrace) {
    this.trace = trace;
    this.calls = calls;
  }

  /** Once, when the stream is over. */
  write(): void {
    if (this.#written) return;
    this.#written = true;
    const change = (
      direction: MessageChange["direction"],
      [front, back]: readonly [PassingMessage, PassingMessage],
    ): MessageChange => ({ direction, front: front.state(), back: back.state() });
    if (this.requests[0].headers !== undefined) this.calls.change(change("request", this.requests));
    // The guest has answered itself: in front of it, seen from the server, there is nothing.
    if (this.responses[1].headers !== undefined) {
      this.calls.change(change("response", this.responses));
    }
  }
}

/** Sees what goes by in front of a guest (on the client's side) or behind it. */
class MessageTap implements StreamFilter {
  readonly #record: StreamRecord;
  readonly #isFront: boolean;

  constructor(record: StreamRecord, isFront: boolean) {
    this.#record = record;
    this.#isFront = isFront;
  }

  setDecoderFilterCallbacks(): void {}

  setEncoderFilterCallbacks(): void {}

  decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    this.#request.headers = listOf(headers);
    this.#guestIsNext(this.#isFront);
    return FilterHeadersStatus.Continue;
  }

  decodeData(data: DataBuffer): FilterDataStatus {
    this.#request.bodyBytes += data.length;
    return FilterDataStatus.Continue;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.#request.trailers = listOf(trailers);
    return FilterTrailersStatus.Continue;
  }

  encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    this.#response.headers = listOf(headers);
    this.#guestIsNext(!this.#isFront);
    return FilterHeadersStatus.Continue;
  }

  encodeData(data: DataBuffer): FilterDataStatus {
    this.#response.bodyBytes += data.length;
    return FilterDataStatus.Continue;
  }

  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.#response.trailers = listOf(trailers);
    return FilterTrailersStatus.Continue;
  }

  onStreamComplete(): void {
    this.#record.write();
  }

  onDestroy(): void {
    this.#record.write();
    // The guest, in between, may have more to tell when the first of the two is destroyed.
    if (!this.#isFront) this.#record.calls.over();
  }

  get #request(): PassingMessage {
    return this.#record.requests[this.#isFront ? 0 : 1];
  }

  /** Responses come from behind. */
  get #response(): PassingMessage {
    return this.#record.responses[this.#isFront ? 1 : 0];
  }

  /** What the guest does with this stream is told where the stream's messages are. */
  #guestIsNext(isNext: boolean): void {
    this.#record.trace.expect(isNext ? this.#record.calls : undefined);
  }
}

function listOf(headers: HeaderMap): HeaderList {
  const list: [string, string][] = [];
  for (let i = 0; i < headers.size; i += 1) list.push([headers.nameAt(i), headers.valueAt(i)]);
  return list;
}
