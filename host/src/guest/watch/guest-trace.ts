import { changeText, type MessageChange, redactChange } from "./message-change.ts";
import type { RecordingRequest } from "./recording.ts";
import { Redactor } from "./redactor.ts";
import { StreamRecorder } from "./stream-recorder.ts";
import { microseconds } from "./trace-text.ts";

/** What is asked of the workers: plain data. */
export interface TraceRequest {
  /** Name of a Wasm plugin, or of a Lua filter. */
  readonly guest: string;
  /** Streams of one worker at most. */
  readonly streams: number;
  /** Names of headers whose values are not shown, in lower case. */
  readonly secretHeaders: readonly string[];
  /** Texts and bodies are cut after so many bytes. */
  readonly maxTextBytes: number;
  /** Shows what of HTTP messages is different behind the guest. */
  readonly changes?: boolean;
  /** Streams are recorded, instead of told line by line: the text of the last line is a `Recording`. */
  readonly recording?: RecordingRequest | undefined;
}

/** What the callbacks of a stream took. */
export interface CallTotals {
  readonly callbacks: number;
  readonly hostCalls: number;
  readonly selfMs: number;
  readonly hostCallMs: number;
}

/** One line. `stream` 0: a callback that belongs to no single stream, such as a tick. */
export interface TraceLine {
  readonly stream: number;
  readonly text: string;
  /** The first or the last line of its stream. */
  readonly border?: "first" | "last" | undefined;
  /** What the text tells, for programs. */
  readonly change?: MessageChange | undefined;
  /** In the last line of a stream. */
  readonly totals?: CallTotals | undefined;
}

/** Where the lines go. */
export interface TraceSink {
  write(line: TraceLine): void;
}

/** Somebody follows the calls of a guest on one worker. */
export class GuestTrace {
  readonly request: TraceRequest;
  readonly #sink: TraceSink;
  readonly #names: ReadonlySet<string>;
  readonly #calls = new Map<number, CallTrace>();
  #streams = 0;
  /** Streams that have begun since the last one that was recorded. */
  #unrecorded = 0;
  #expected: CallTrace | undefined = undefined;

  constructor(request: TraceRequest, sink: TraceSink) {
    this.request = request;
    this.#sink = sink;
    this.#names = new Set(request.secretHeaders);
  }

  /** For a stream that begins; undefined when enough are followed already. `what`: what it is to the guest. */
  stream(what: string): CallTrace | undefined {
    const expected = this.#expected;
    this.#expected = undefined;
    if (expected !== undefined) return expected;
    if (this.request.recording !== undefined) return this.#record(this.request.recording);
    if (this.#streams >= this.request.streams) return undefined;
    this.#streams += 1;
    const trace = this.#callTrace(this.#streams);
    this.#sink.write({ stream: this.#streams, text: what, border: "first" });
    return trace;
  }

  /** The stream that the guest is about to see has begun already: `trace` is where it is told of. */
  expect(trace: CallTrace | undefined): void {
    this.#expected = trace;
  }

  /** For callbacks that belong to no single stream. */
  outsideStreams(): CallTrace {
    return this.#callTrace(0);
  }

  /** A call to a server that was made in `trace`: what comes of it belongs there. */
  opened(token: number, trace: CallTrace): void {
    this.#calls.set(token, trace);
  }

  /** Where the answer to a call is to be told; undefined when it was made before, or by a stream that is not followed. */
  ofCall(token: number): CallTrace | undefined {
    return this.#calls.get(token);
  }

  #record({ oneIn, maxChars }: RecordingRequest): CallTrace | undefined {
    this.#unrecorded += 1;
    if (this.#unrecorded < oneIn) return undefined;
    this.#unrecorded = 0;
    this.#streams += 1;
    const trace = this.#callTrace(this.#streams);
    trace.recorder = new StreamRecorder(maxChars, [...this.#names]);
    return trace;
  }

  #callTrace(stream: number): CallTrace {
    return new CallTrace(this.#sink, stream, new Redactor(this.#names), this.request);
  }
}

/** Writes the calls of one stream, as `strace` does: the calls that a callback makes stand below it, indented. */
export class CallTrace {
  readonly redactor: Redactor;
  readonly maxTextBytes: number;
  /** The stream is recorded, and told as a whole when it is over. */
  recorder: StreamRecorder | undefined = undefined;
  readonly #sink: TraceSink;
  readonly #stream: number;
  readonly #onlyFailures: boolean;
  /** A callback that has been entered and has made no call yet: it may fit on one line. */
  #entered: string | undefined = undefined;
  #depth = 0;
  #over = false;
  #callbacks = 0;
  #hostCalls = 0;
  #selfMs = 0;
  #hostCallMs = 0;

  constructor(sink: TraceSink, stream: number, redactor: Redactor, request: TraceRequest) {
    this.#sink = sink;
    this.#stream = stream;
    this.redactor = redactor;
    this.maxTextBytes = request.maxTextBytes;
    this.#onlyFailures = request.recording?.onTrap ?? false;
  }

  /** `call`: the callback with its arguments. */
  begin(call: string): void {
    this.#flush();
    this.#entered = call;
    this.#depth += 1;
  }

  hostCall(call: string, result: string, ms: number): void {
    this.#flush();
    this.#hostCalls += 1;
    this.#write(`${call} = ${result} <${microseconds(ms)}>`);
  }

  /** `result`: empty for a callback that gives none. */
  end(result: string, selfMs: number, hostCallMs: number): void {
    const call = this.#entered;
    this.#entered = undefined;
    this.#depth -= 1;
    this.#callbacks += 1;
    this.#selfMs += selfMs;
    this.#hostCallMs += hostCallMs;
    const inHost = hostCallMs > 0 ? `, host calls ${microseconds(hostCallMs)}` : "";
    const times = `<self ${microseconds(selfMs)}${inHost}>`;
    const given = result === "" ? "" : `= ${result} `;
    this.#write(call === undefined ? `${given || "returns "}${times}` : `${call} ${given}${times}`);
  }

  /** The stream has ended. */
  over(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.recorder !== undefined) return this.#recorded(this.recorder);
    const totals = {
      callbacks: this.#callbacks,
      hostCalls: this.#hostCalls,
      selfMs: this.#selfMs,
      hostCallMs: this.#hostCallMs,
    };
    this.#sink.write({ stream: this.#stream, text: "end of the stream", border: "last", totals });
  }

  /** What the guest has made of a message. */
  change(change: MessageChange): void {
    const clean = redactChange(change, this.redactor);
    const text = changeText(clean, this.maxTextBytes);
    this.#sink.write({ stream: this.#stream, text, change: clean });
  }

  #recorded(recorder: StreamRecorder): void {
    if (this.#onlyFailures && !recorder.failed) return;
    const stream = this.#stream;
    this.#sink.write({ stream, text: "recorded", border: "first" });
    this.#sink.write({ stream, text: JSON.stringify(recorder.recording()), border: "last" });
  }

  #flush(): void {
    if (this.#entered === undefined) return;
    const entered = this.#entered;
    this.#entered = undefined;
    this.#depth -= 1;
    this.#write(entered);
    this.#depth += 1;
  }

  #write(text: string): void {
    this.#sink.write({ stream: this.#stream, text: `${"  ".repeat(this.#depth)}${text}` });
  }
}
