import {
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_RESPONSE_HEADERS,
  STATUS_OK,
  STREAM_HTTP_RESPONSE,
  STREAM_UPSTREAM,
} from "@sluice/abi";
import type { StreamInfo } from "../../../../contracts/stream-info.ts";
import type { CallTrace } from "../../../watch/guest-trace.ts";
import { StreamWatch } from "../../../watch/stream-watch.ts";
import { oneLine } from "../../../watch/trace-text.ts";
import type { WatchedGuest } from "../../../watch/watched-guest.ts";
import type { Context } from "../context.ts";
import { CallText, type CallValue } from "./call-text.ts";
import { CallValues, recordedShapes } from "./call-values.ts";
import { recordedPlugin } from "./recorded-plugin.ts";

/** A function that modules import. */
export type HostFunction = (...args: CallValue[]) => CallValue | undefined;

const responseDirection = 1;
const openingCalls: ReadonlySet<string> = new Set([
  "proxy_http_call",
  "proxy_grpc_call",
  "proxy_grpc_stream",
]);

/** Directions by what callbacks' names begin with. */
const directions: readonly (readonly [prefix: string, direction: number])[] = [
  ["proxy_on_request_", 0],
  ["proxy_on_downstream_data", 0],
  ["proxy_on_new_connection", 0],
  ["sluice_on_accept", 0],
  ["sluice_on_first_bytes", 0],
  ["proxy_on_response_", responseDirection],
  ["proxy_on_upstream_data", responseDirection],
];

/** Follows one context: a stream's, or the root's with all that belongs to no single stream. */
export class ContextWatch extends StreamWatch {
  readonly #context: Context;
  readonly #isRoot: boolean;
  #trace: CallTrace | undefined = undefined;

  constructor(context: Context, guest: WatchedGuest, info: StreamInfo | undefined) {
    super(guest, info);
    this.#context = context;
    this.#isRoot = context.root === context;
    if (this.#isRoot) return;
    this.#trace = guest.trace?.stream(`context ${context.id}`);
    const recorder = this.#trace?.recorder;
    if (recorder === undefined) return;
    recorder.plugin = recordedPlugin(context);
    recorder.contexts = { root: context.root!.id, stream: context.id };
  }

  enter(callback: string, args: readonly number[]): void {
    if (this.#isRoot) this.#trace = this.#rootTrace(callback, args);
    const trace = this.#trace;
    if (trace !== undefined) {
      this.#learnSecrets(trace);
      if (trace.recorder === undefined) trace.begin(this.#text(trace).callback(callback, args));
      else trace.recorder.enter(callback, args, this.#values(trace).message(callback));
    }
    this.begin(callback);
  }

  /** `failure`: why the VM is lost, when it is. */
  leave(callback: string, result: number, failure: string | undefined): void {
    const { selfMs, hostCallMs } = this.end();
    const trace = this.#trace;
    if (trace?.recorder !== undefined) {
      trace.recorder.leave(result, failure);
    } else if (trace !== undefined) {
      const text = this.#text(trace).callbackResult(callback, result);
      trace.end(failure === undefined ? text : oneLine(failure), selfMs, hostCallMs);
    }
    if (failure !== undefined || callback === "proxy_on_done") return this.resumeAll();
    const direction = directionOf(callback);
    if (direction === undefined) return;
    if (result === 0) this.resume(direction);
    else this.pause(direction, callback);
  }

  /** Makes a host call. */
  hostCall(name: string, run: HostFunction, args: CallValue[]): CallValue | undefined {
    const trace = this.#trace;
    if (trace?.recorder !== undefined) return this.#recordedCall(trace, name, run, args);
    if (trace !== undefined) return this.#tracedCall(trace, name, run, args);
    const startMs = performance.now();
    try {
      return run(...args);
    } finally {
      this.inHostCall(performance.now() - startMs, 0);
    }
  }

  #tracedCall(
    trace: CallTrace,
    name: string,
    run: HostFunction,
    args: CallValue[],
  ): CallValue | undefined {
    const beginMs = performance.now();
    const call = this.#text(trace).call(name, args);
    let given = "trap";
    const startMs = performance.now();
    let endMs = startMs;
    try {
      const result = run(...args);
      endMs = performance.now();
      given = this.#text(trace).result(name, args, Number(result ?? 0));
      if (result === STATUS_OK && openingCalls.has(name)) this.#opened(trace, args);
      return result;
    } finally {
      const ms = endMs - startMs;
      trace.hostCall(call, given, ms);
      this.inHostCall(ms, performance.now() - beginMs - ms);
    }
  }

  #recordedCall(
    trace: CallTrace,
    name: string,
    run: HostFunction,
    args: CallValue[],
  ): CallValue | undefined {
    const shapes = recordedShapes(name);
    if (shapes === undefined || trace.recorder!.cut) return run(...args);
    const values = this.#values(trace);
    const inputs = values.inputs(name, shapes, args);
    const result = run(...args);
    const status = Number(result ?? 0);
    const outputs = status === STATUS_OK ? values.outputs(shapes, args) : [];
    trace.recorder!.hostCall({ name, inputs, outputs, status });
    if (status === STATUS_OK && openingCalls.has(name)) this.#opened(trace, args);
    return result;
  }

  #values(trace: CallTrace): CallValues {
    return new CallValues(this.#context.vm.acting, trace.redactor);
  }

  /** `continue_stream` and its like: the stream type that goes on. */
  continued(streamType: number): void {
    const response = streamType === STREAM_HTTP_RESPONSE || streamType === STREAM_UPSTREAM;
    this.resume(response ? responseDirection : 0);
  }

  /** The guest has let go of the context. */
  over(): void {
    this.resumeAll();
    this.#trace?.over();
  }

  /** Answers to calls belong to the stream that made the call. */
  #rootTrace(callback: string, args: readonly number[]): CallTrace | undefined {
    const { trace } = this.guest;
    const isAnswer =
      callback === "proxy_on_http_call_response" || callback.startsWith("proxy_on_grpc_");
    return isAnswer ? trace?.ofCall(args[1]!) : trace?.outsideStreams();
  }

  /** The call's number is where the last parameter points. */
  #opened(trace: CallTrace, args: readonly CallValue[]): void {
    const token = this.#context.vm.memory.u32(Number(args.at(-1)));
    if (token !== undefined) this.guest.trace?.opened(token, trace);
  }

  #text(trace: CallTrace): CallText {
    return new CallText(this.#context.vm.memory, trace);
  }

  #learnSecrets(trace: CallTrace): void {
    for (const map of [MAP_HTTP_REQUEST_HEADERS, MAP_HTTP_RESPONSE_HEADERS]) {
      const headers = this.#context.readableMap(map);
      if (headers === undefined) continue;
      for (let i = 0; i < headers.size; i += 1) {
        trace.redactor.learn(headers.nameAt(i), headers.valueAt(i));
      }
    }
  }
}

function directionOf(callback: string): number | undefined {
  return directions.find(([prefix]) => callback.startsWith(prefix))?.[1];
}
