import { OwnedBuffer } from "../../common/data-buffer.ts";
import { headerMapOf } from "../../common/headers/header-map.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";
import type { HeaderMap } from "../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../contracts/http/filter.ts";
import type {
  AsyncClient,
  AsyncClientCall,
  AsyncClientCallbacks,
  AsyncClientRequest,
} from "../../contracts/upstream/async-client.ts";
import { BufferObject } from "./api/buffer-object.ts";
import { HeaderObject, type HeaderOwner } from "./api/header-object.ts";
import { type LuaObject, LuaTypeId } from "./api/lua-objects.ts";
import { type HttpCallOptions, type HttpCallResult, pushCallResult } from "./api/http-call.ts";
import type { ImportedKeys } from "./api/utility-methods.ts";
import { HookObjects } from "./hook-objects.ts";
import { LuaOutcome, type LuaScript, type LuaThread, type ResumeValue } from "./lua-script.ts";
import type { StreamSide } from "./stream-side.ts";
import type { HookWatch } from "./watch/hook-watch.ts";

/** What the script waits for. */
const State = {
  Running: 0,
  WaitForBodyChunk: 1,
  WaitForBody: 2,
  WaitForTrailers: 3,
  Responded: 4,
  /** Finished, failed or trapped: everything passes. */
  Done: 5,
  HttpCall: 6,
} as const;
type State = (typeof State)[keyof typeof State];

export type BodyResult =
  | { readonly kind: "object"; readonly object: BufferObject }
  | { readonly kind: "none" | "wait" }
  | { readonly kind: "error"; readonly text: string };

/** What a call gives whose stream was reset within the response. */
const failedCall: HttpCallResult = {
  headers: headerMapOf([[":status", "503"]]),
  body: Buffer.from("upstream failure"),
};

const ignoredCall: AsyncClientCallbacks = {
  onSuccess: () => undefined,
  onFailure: () => undefined,
};

const none: BodyResult = { kind: "none" };
const wait: BodyResult = { kind: "wait" };

/**
 * One hook on one stream: the coroutine, what it waits for, and what follows for the filter chain. The rules are
 * those of Envoy's `StreamHandleWrapper`: waiting for chunks or trailers lets the headers go on, waiting for the whole
 * body or for a callout holds them; an error ends the script's part and the stream passes.
 */
export class StreamHandle implements LuaObject, HeaderOwner {
  readonly type = LuaTypeId.StreamHandle;
  /** True while the script runs: outside of it the handle is dead. */
  running = false;
  /** Whoever follows what the hook does. */
  watch: HookWatch | undefined = undefined;
  readonly #script: LuaScript;
  readonly side: StreamSide;
  /** What the script holds of this hook. */
  readonly objects: HookObjects;
  readonly #headers: HeaderMap;
  #thread: LuaThread | undefined = undefined;
  #state: State = State.Running;
  #destroyed = false;
  #endStream: boolean;
  readonly #headersOnly: boolean;
  #headersContinued = false;
  #sawBody = false;
  #bufferedBody = false;
  #alwaysWrapBody = false;
  #headerObject: HeaderObject | undefined = undefined;
  #trailers: HeaderMap | undefined = undefined;
  #importedKeys: ImportedKeys | undefined = undefined;
  #call: AsyncClientCall | undefined = undefined;

  constructor(script: LuaScript, side: StreamSide, headers: HeaderMap, endStream: boolean) {
    this.#script = script;
    this.side = side;
    this.objects = new HookObjects(script.objects);
    this.#headers = headers;
    this.#endStream = endStream;
    this.#headersOnly = endStream;
  }

  /** Runs the hook. */
  start(hook: bigint): FilterHeadersStatus {
    const thread = this.#script.takeThread();
    if (thread === undefined) {
      this.#finish(LuaOutcome.Trapped);
      return FilterHeadersStatus.Continue;
    }
    this.#thread = thread;
    this.running = true;
    this.#finish(
      this.watch === undefined
        ? this.#script.start(thread, hook, this, this.objects)
        : this.#watched(this.watch, false, () =>
            this.#script.start(thread, hook, this, this.objects),
          ),
    );
    if (this.#holdsHeaders) return FilterHeadersStatus.StopIteration;
    this.#headersContinued = true;
    return FilterHeadersStatus.Continue;
  }

  onData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    this.#endStream ||= endStream;
    this.#sawBody = true;
    if (this.#state === State.WaitForBodyChunk) {
      this.#resume(
        new BufferObject(
          this.#headers,
          () => data,
          (change) => change(data),
        ),
      );
    } else if (endStream && this.#state === State.WaitForBody) {
      this.side.addBody(data);
      this.#resume(this.#wholeBody());
    } else if (endStream && this.#state === State.WaitForTrailers) {
      this.#resume(undefined);
    }
    if (this.#state === State.WaitForBody) return FilterDataStatus.StopIterationAndBuffer;
    if (this.#state === State.HttpCall) return FilterDataStatus.StopIterationAndWatermark;
    if (this.#state === State.Responded) return FilterDataStatus.StopIterationNoBuffer;
    this.#headersContinued = true;
    return FilterDataStatus.Continue;
  }

  onTrailers(trailers: HeaderMap): FilterTrailersStatus {
    this.#endStream = true;
    this.#trailers = trailers;
    if (this.#state === State.WaitForBodyChunk) this.#resume(undefined);
    else if (this.#state === State.WaitForBody) this.#resume(this.#wholeBody());
    if (this.#state === State.WaitForTrailers) this.#resume(this.#trailersObject());
    if (this.#state === State.HttpCall || this.#state === State.Responded) {
      return FilterTrailersStatus.StopIteration;
    }
    this.#headersContinued = true;
    return FilterTrailersStatus.Continue;
  }

  /** Somebody else has answered, or the stream is over: a waiting coroutine is never resumed. */
  abandon(): void {
    if (this.running || this.#state === State.Responded) return;
    this.onDestroy();
  }

  /** The stream is over; a hook that has ended it itself still runs to its end. */
  onDestroy(): void {
    if (this.running) {
      this.#destroyed = true;
      return;
    }
    this.#call?.cancel();
    this.#call = undefined;
    this.#endSlice();
    this.objects.releaseHandle();
    if (this.#thread !== undefined) this.#script.releaseThread(this.#thread, false);
    this.#thread = undefined;
    this.#state = State.Done;
  }

  // What the script calls.

  get thread(): number {
    return this.#thread?.L ?? 0;
  }

  get headersModifiable(): boolean {
    return !this.#headersContinued;
  }

  beforeHeaderChange(): void {
    if (this.side.isRequest) this.side.clearRouteCache();
  }

  /** Keys that this stream's script has imported. */
  get importedKeys(): ImportedKeys {
    this.#importedKeys ??= new Map();
    return this.#importedKeys;
  }

  /** Wall clock. */
  systemMs(): number {
    return this.side.stream.dispatcher.time.systemMs();
  }

  headerObject(): HeaderObject {
    this.#headerObject ??= new HeaderObject(
      this.#headers,
      this,
      this.side.isRequest ? "request" : "response",
    );
    return this.#headerObject;
  }

  body(alwaysWrap: boolean): BodyResult {
    this.#alwaysWrapBody = alwaysWrap;
    if (this.#headersOnly) {
      if (!alwaysWrap) return none;
      if (!this.#bufferedBody) this.side.addBody(new OwnedBuffer());
      this.#bufferedBody = true;
      return this.#bodyResult();
    }
    if (this.#bufferedBody) return this.#bodyResult();
    if (this.#sawBody) {
      const when = this.#endStream ? "has been streamed" : "streaming has started";
      return { kind: "error", text: `cannot call body() after body ${when}` };
    }
    if (this.#endStream) return none;
    this.#state = State.WaitForBody;
    return wait;
  }

  /** The error when iteration cannot begin any more. */
  beginChunks(): string | undefined {
    return this.#sawBody ? "cannot call bodyChunks after body processing has begun" : undefined;
  }

  /** True: wait for a chunk. False: there are no more. */
  nextChunk(): boolean {
    if (this.#endStream) return false;
    this.#state = State.WaitForBodyChunk;
    return true;
  }

  trailers(): HeaderObject | "wait" | undefined {
    if (this.#trailers !== undefined) return this.#trailersObject();
    if (this.#endStream) return undefined;
    this.#state = State.WaitForTrailers;
    return "wait";
  }

  /**
   * Makes a call. Asynchronous: nobody waits for it, and it outlives the stream. Else the result when it is there at
   * once, or `wait`: the script is resumed with it.
   */
  httpCall(
    client: AsyncClient,
    request: AsyncClientRequest,
    options: HttpCallOptions,
  ): HttpCallResult | "wait" | undefined {
    if (options.asynchronous) {
      client.send(request, ignoredCall);
      return undefined;
    }
    let result: HttpCallResult | undefined;
    let waits = false;
    const done = (outcome: HttpCallResult): void => {
      if (waits) this.#onCallDone(outcome, options.returnDuplicateHeaders);
      else result = outcome;
    };
    const call = client.send(request, {
      onSuccess: ({ headers, body }) => done({ headers, body: body.toBuffer() }),
      onFailure: () => done(failedCall),
    });
    if (result !== undefined) return result;
    waits = true;
    this.#call = call;
    this.#state = State.HttpCall;
    return "wait";
  }

  #onCallDone(outcome: HttpCallResult, returnDuplicateHeaders: boolean): void {
    this.#call = undefined;
    this.#resume((engine, L) => pushCallResult(engine, L, outcome, returnDuplicateHeaders));
    if (this.#state !== State.Done) return;
    this.#headersContinued = true;
    this.side.continueIteration();
  }

  /** Why `respond` cannot be called now. */
  respondError(): string | undefined {
    if (!this.side.isRequest) return "respond not currently supported in the response path";
    if (this.#headersContinued) return "respond() cannot be called if headers have been continued";
    return undefined;
  }

  respond(status: number, headers: readonly (readonly [string, string])[], body: string): void {
    this.#state = State.Responded;
    this.#reply = { status, headers, body };
  }

  #reply:
    | { status: number; headers: readonly (readonly [string, string])[]; body: string }
    | undefined = undefined;

  get #holdsHeaders(): boolean {
    return (
      this.#state === State.WaitForBody ||
      this.#state === State.HttpCall ||
      this.#state === State.Responded
    );
  }

  #resume(value: ResumeValue): void {
    const thread = this.#thread;
    if (thread === undefined) return;
    if (this.#script.trapReason !== "") {
      // Another stream's hook has lost the state in which this one waits.
      this.#end(false);
      this.side.onTrap(this.#script.trapReason);
      return;
    }
    this.#state = State.Running;
    this.running = true;
    this.#finish(
      this.watch === undefined
        ? this.#script.resume(thread, value, this.objects)
        : this.#watched(this.watch, true, () => this.#script.resume(thread, value, this.objects)),
    );
  }

  #watched(watch: HookWatch, resumed: boolean, body: () => LuaOutcome): LuaOutcome {
    const hook = this.side.isRequest ? "envoy_on_request" : "envoy_on_response";
    const { engine } = this.#script;
    return watch.run({ engine, hook, resumed, headers: this.#headers }, body, (outcome) => {
      const waits = outcome === LuaOutcome.Yielded;
      if (outcome === LuaOutcome.Finished || waits)
        return { text: waits ? "waits" : "ended", waits };
      return { text: `error ${this.#script.lastError}`, waits };
    });
  }

  /** The script has left: what it held dies, and its outcome decides what comes. */
  #finish(outcome: LuaOutcome): void {
    this.running = false;
    this.#endSlice();
    if (this.#destroyed && outcome === LuaOutcome.Yielded) {
      this.onDestroy();
      return;
    }
    switch (outcome) {
      case LuaOutcome.Yielded:
        this.#yielded();
        return;
      case LuaOutcome.Finished:
        this.#end(true);
        return;
      case LuaOutcome.Failed:
        this.#end(false);
        this.side.onScriptError(this.#script.lastError, this.#script.lastTraceback);
        return;
      case LuaOutcome.Trapped:
        this.#end(false);
        this.side.onTrap(this.#script.lastError);
    }
  }

  #yielded(): void {
    if (this.#state === State.Running) {
      this.#end(false);
      this.side.onScriptError("script performed an unexpected yield", "");
      return;
    }
    const reply = this.#reply;
    if (reply === undefined) return;
    this.#reply = undefined;
    this.#end(false);
    this.#state = State.Responded;
    this.side.respond(reply.status, reply.headers, reply.body);
  }

  #end(clean: boolean): void {
    this.#state = State.Done;
    this.watch?.ended(this.side.isRequest);
    this.objects.releaseHandle();
    if (this.#thread !== undefined) this.#script.releaseThread(this.#thread, clean);
    this.#thread = undefined;
  }

  #endSlice(): void {
    this.objects.endSlice();
    this.#headerObject = undefined;
  }

  #wholeBody(): BufferObject | undefined {
    this.#bufferedBody = true;
    if (this.side.bufferedBody() === undefined) {
      if (!this.#alwaysWrapBody) return undefined;
      this.side.addBody(new OwnedBuffer());
    }
    return this.#bodyObject();
  }

  #bodyResult(): BodyResult {
    return { kind: "object", object: this.#bodyObject() };
  }

  #bodyObject(): BufferObject {
    return new BufferObject(
      this.#headers,
      () => this.side.bufferedBody(),
      (change) => this.side.modifyBody(change),
    );
  }

  #trailersObject(): HeaderObject | undefined {
    const kind = this.side.isRequest ? "requestTrailers" : "responseTrailers";
    return this.#trailers && new HeaderObject(this.#trailers, this, kind, true);
  }
}
