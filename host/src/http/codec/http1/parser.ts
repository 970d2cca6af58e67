import { OwnedBuffer } from "../../../common/data-buffer.ts";
import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { TrailerMap } from "../../../contracts/headers.ts";
import type { CodecError, Http1Settings } from "../../../contracts/http/codec.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { isForbiddenTrailer } from "./connection-field.ts";
import { http1Errors } from "./errors.ts";
import { BodyKind } from "./framing.ts";
import { HeadBuffer } from "./head-buffer.ts";
import { HeadKind, HeadScanner, ScanResult } from "./head-scanner.ts";

/**
 * Receives the parts of messages. After each call the parser looks at `paused`: what is not parsed yet stays in
 * the buffer.
 */
export interface MessageSink {
  /** True: leave the next byte where it is. */
  readonly paused: boolean;
  /** The first byte of a message is there. An error when no message may come now. */
  onMessageBegin(): CodecError | undefined;
  /**
   * The head is complete. The sink reads it and answers how the body is framed by calling `expectBody`; without
   * that the message ends here (or, for a 1xx, the next head follows).
   */
  onHead(scanner: HeadScanner, head: string): CodecError | undefined;
  onBody(data: DataBuffer, endStream: boolean): void;
  /** Ends the message. Only with `enableTrailers`. */
  onTrailers(trailers: TrailerMap): void;
  /** Called after the call that ended the message. */
  onMessageComplete(): void;
  /** Wire bytes of the current message that have been consumed. */
  onBytes(bytes: number): void;
}

const State = {
  /** Between messages. */
  Start: 0,
  /** A CR before a message has been seen. */
  LeadingLf: 1,
  /** Part of a head is in the head buffer. */
  Head: 2,
  Length: 3,
  Chunked: 4,
  Trailers: 5,
  UntilClose: 6,
  /** Nothing that follows is HTTP, or of interest. */
  Discard: 7,
} as const;
type State = (typeof State)[keyof typeof State];

const lf = 10;
const cr = 13;

// Heads that lie in one chunk are read at once and on the spot: one scanner serves all connections of a thread.
const sharedScanner = new HeadScanner();

/**
 * Cuts a byte stream into HTTP/1 messages. Bytes may come in any pieces; the work is linear in their number, and
 * what is kept between calls is at most one incomplete head.
 */
export class MessageParser {
  readonly #sink: MessageSink;
  readonly #kind: HeadKind;
  readonly #settings: Http1Settings;
  #state: State = State.Start;
  #leadingLines = 0;
  #partial: HeadBuffer | undefined = undefined;
  #remaining = 0;
  #chunked: ChunkedDecoder | undefined = undefined;
  #running = false;
  #error: CodecError | undefined = undefined;

  constructor(
    sink: MessageSink,
    kind: typeof HeadKind.Request | typeof HeadKind.Response,
    settings: Http1Settings,
  ) {
    this.#sink = sink;
    this.#kind = kind;
    this.#settings = settings;
  }

  /** True between messages: not a byte of the next one has been seen. */
  get idle(): boolean {
    return this.#state === State.Start || this.#state === State.LeadingLf;
  }

  /** Consumes what can be. After an error everything is dropped. */
  execute(data: DataBuffer): CodecError | undefined {
    // A callback may make its connection present bytes again; they are in `data` already.
    if (this.#running) return undefined;
    this.#running = true;
    while (data.length > 0 && this.#error === undefined && !this.#sink.paused) {
      this.#error = this.#step(data);
    }
    if (this.#error === undefined) this.#flushChunked();
    else data.drain(data.length);
    this.#running = false;
    return this.#error;
  }

  /** No more bytes will come. */
  finish(): CodecError | undefined {
    if (this.#error !== undefined || this.idle || this.#state === State.Discard) return this.#error;
    if (this.#state !== State.UntilClose) {
      this.#error = http1Errors.truncated;
      return this.#error;
    }
    this.#sink.onBody(new OwnedBuffer(), true);
    this.#complete();
    return undefined;
  }

  /** Called by the sink in `onHead`, before it hands the head on. */
  expectBody(kind: BodyKind, length: number): void {
    switch (kind) {
      case BodyKind.None:
        this.#state = State.Start;
        return;
      case BodyKind.Length:
        this.#state = State.Length;
        this.#remaining = length;
        return;
      case BodyKind.Chunked:
        this.#state = State.Chunked;
        this.#chunked ??= new ChunkedDecoder();
        this.#chunked.reset();
        return;
      case BodyKind.UntilClose:
        this.#state = State.UntilClose;
        return;
      case BodyKind.Tunnel:
        this.#state = State.Discard;
        return;
      default:
        kind satisfies never;
    }
  }

  /** From now on bytes are dropped. */
  discard(): void {
    this.#state = State.Discard;
    this.#partial = undefined;
    this.#chunked = undefined;
  }

  #step(data: DataBuffer): CodecError | undefined {
    switch (this.#state) {
      case State.Start:
        return this.#start(data);
      case State.LeadingLf:
        return this.#leadingLf(data);
      case State.Head:
        return this.#scanPartial(data, this.#kind);
      case State.Length:
        this.#takeLength(data);
        return undefined;
      case State.Chunked:
        return this.#takeChunked(data);
      case State.Trailers:
        return this.#takeTrailers(data);
      case State.UntilClose:
        this.#takeAll(data);
        return undefined;
      case State.Discard:
        data.drain(data.length);
        return undefined;
      default:
        return this.#state satisfies never;
    }
  }

  #start(data: DataBuffer): CodecError | undefined {
    const bytes = data.chunks[0]!;
    if (this.#kind === HeadKind.Request && bytes[0] === cr) {
      data.drain(1);
      this.#state = State.LeadingLf;
      return undefined;
    }
    const error = this.#sink.onMessageBegin();
    if (error !== undefined) return error;
    const scanner = sharedScanner;
    scanner.reset(this.#kind, this.#settings.maxHeadersBytes, this.#settings.maxHeadersCount);
    const result = scanner.scan(bytes, bytes.length);
    if (result === ScanResult.Error) return scanner.error;
    if (result === ScanResult.NeedMore) {
      this.#state = State.Head;
      this.#partial = this.#newHeadBuffer(this.#kind);
      // Also keeps what the scan above has seen, which is looked at once more.
      return this.#scanPartial(data, this.#kind);
    }
    const length = scanner.length;
    const head = bytes.latin1Slice(0, length);
    data.drain(length);
    return this.#head(scanner, head);
  }

  /** RFC 9112 section 2.2: an empty line before a request is put up with. One. */
  #leadingLf(data: DataBuffer): CodecError | undefined {
    this.#leadingLines += 1;
    if (data.at(0) === lf && this.#leadingLines === 1) {
      data.drain(1);
      this.#state = State.Start;
      return undefined;
    }
    return this.#sink.onMessageBegin() ?? http1Errors.leadingEmptyLines;
  }

  #head(scanner: HeadScanner, head: string): CodecError | undefined {
    this.#leadingLines = 0;
    this.#state = State.Start;
    this.#sink.onBytes(head.length);
    return this.#sink.onHead(scanner, head);
  }

  #newHeadBuffer(kind: HeadKind): HeadBuffer {
    const scanner = new HeadScanner();
    scanner.reset(kind, this.#settings.maxHeadersBytes, this.#settings.maxHeadersCount);
    return new HeadBuffer(scanner);
  }

  /** Moves bytes of a head (or of trailers) into the head buffer until it is complete. */
  #scanPartial(data: DataBuffer, kind: HeadKind): CodecError | undefined {
    const partial = (this.#partial ??= this.#newHeadBuffer(kind));
    const { scanner } = partial;
    const result = partial.take(data);
    if (result === ScanResult.Error) return scanner.error;
    if (result === ScanResult.NeedMore) return undefined;
    this.#partial = undefined;
    const head = partial.bytes.latin1Slice(0, scanner.length);
    if (kind !== HeadKind.Trailers) return this.#head(scanner, head);
    this.#sink.onBytes(head.length);
    return this.#trailers(scanner, head);
  }

  #takeLength(data: DataBuffer): void {
    const length = Math.min(this.#remaining, data.length);
    const body = new OwnedBuffer();
    body.move(data, length);
    this.#remaining -= length;
    this.#sink.onBytes(length);
    this.#sink.onBody(body, this.#remaining === 0);
    if (this.#remaining === 0) this.#complete();
  }

  #takeAll(data: DataBuffer): void {
    const body = new OwnedBuffer();
    body.move(data);
    this.#sink.onBytes(body.length);
    this.#sink.onBody(body, false);
  }

  #takeChunked(data: DataBuffer): CodecError | undefined {
    const chunked = this.#chunked!;
    const consumed = chunked.decode(data.chunks[0]!);
    data.drain(consumed);
    this.#sink.onBytes(consumed);
    if (chunked.done) this.#state = State.Trailers;
    return chunked.error;
  }

  #takeTrailers(data: DataBuffer): CodecError | undefined {
    const bytes = data.chunks[0]!;
    if (this.#partial !== undefined || bytes[0] !== cr || bytes[1] !== lf) {
      return this.#scanPartial(data, HeadKind.Trailers);
    }
    // As good as always: there are none.
    data.drain(2);
    this.#sink.onBytes(2);
    this.#sink.onBody(this.#chunked!.take(), true);
    this.#complete();
    return undefined;
  }

  /** Hands on what chunks have brought in this call. */
  #flushChunked(): void {
    if (this.#chunked === undefined || !this.#chunked.hasBody) return;
    this.#sink.onBody(this.#chunked.take(), false);
  }

  #trailers(scanner: HeadScanner, head: string): CodecError | undefined {
    const trailers = new HeaderMapImpl();
    for (let i = 0; i < scanner.count; i += 1) {
      const name = scanner.names[i]!;
      if (isForbiddenTrailer(name.text)) return http1Errors.trailerField;
      const value = head.substring(scanner.values[2 * i]!, scanner.values[2 * i + 1]!);
      trailers.addParsed(name.id, name.text, value);
    }
    if (scanner.count > 0 && this.#settings.enableTrailers) {
      this.#flushChunked();
      if (this.#state === State.Trailers) this.#sink.onTrailers(trailers);
    } else {
      this.#sink.onBody(this.#chunked!.take(), true);
    }
    this.#complete();
    return undefined;
  }

  /** The message is over, unless a callback has made the parser drop the rest. */
  #complete(): void {
    if (this.#state !== State.Discard) this.#state = State.Start;
    this.#sink.onMessageComplete();
  }
}
