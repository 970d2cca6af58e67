import {
  BUFFER_DOWNSTREAM_DATA,
  BUFFER_GRPC_RECEIVE,
  BUFFER_HTTP_CALL_RESPONSE_BODY,
  BUFFER_HTTP_REQUEST_BODY,
  BUFFER_HTTP_RESPONSE_BODY,
  BUFFER_UPSTREAM_DATA,
  type HostcallName,
  MAP_HTTP_CALL_RESPONSE_HEADERS,
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_REQUEST_TRAILERS,
  MAP_HTTP_RESPONSE_HEADERS,
  MAP_HTTP_RESPONSE_TRAILERS,
  readPairs,
} from "@sluice/abi";
import type { RecordedMessage, RecordedPairs, RecordedValue } from "../../../watch/recording.ts";
import type { Redactor } from "../../../watch/redactor.ts";
import type { GuestMemory } from "../../engine/guest-memory.ts";
import type { Context } from "../context.ts";
import { hostcallShapes, parametersOf, type Shape } from "./call-shapes.ts";
import type { CallValue } from "./call-text.ts";

/** Shapes of what recordings have besides the calls of the ABI; `>bytes`: a pointer and a size to be filled. */
type RecordedShape = Shape | ">bytes";

const wasiShapes: { readonly [name: string]: readonly RecordedShape[] | undefined } = {
  clock_time_get: ["number", "long", ">long"],
  random_get: [">bytes"],
};

/** Calls that a new run of the module makes for itself: what they give is valid in its own VM only. */
const unrecorded: ReadonlySet<string> = new Set(["proxy_define_metric"]);

/** Calls whose first parameter is a metric, which has a number of its own in each VM. */
const metricCalls: ReadonlySet<string> = new Set([
  "proxy_increment_metric",
  "proxy_record_metric",
  "proxy_get_metric",
]);

/** What the parameters of a call are; undefined for one that is not recorded. */
export function recordedShapes(name: string): readonly RecordedShape[] | undefined {
  if (unrecorded.has(name)) return undefined;
  if (Object.hasOwn(wasiShapes, name)) return wasiShapes[name];
  return Object.hasOwn(hostcallShapes, name) ? hostcallShapes[name as HostcallName] : undefined;
}

export function isOutput(shape: RecordedShape): boolean {
  return shape.startsWith(">");
}

/** Parameters that a shape stands for. */
export function widthOf(shape: RecordedShape): number {
  return shape === ">bytes" ? 2 : parametersOf(shape);
}

/** Reads what host calls are given, and give, as values. */
export class CallValues {
  readonly #context: Context;
  /** Undefined: everything is shown. */
  readonly #redactor: Redactor | undefined;

  constructor(context: Context, redactor?: Redactor) {
    this.#context = context;
    this.#redactor = redactor;
  }

  /** Read before the call. */
  inputs(
    name: string,
    shapes: readonly RecordedShape[],
    args: readonly CallValue[],
  ): RecordedValue[] {
    const values: RecordedValue[] = [];
    let key = "";
    let at = 0;
    for (const shape of shapes) {
      const value = args[at] ?? 0;
      if (!isOutput(shape)) {
        values.push(this.#input(shape, value, Number(args[at + 1] ?? 0), key));
        if (shape === "name" || shape === "path") key = keyOf(values.at(-1)!);
      }
      at += widthOf(shape);
    }
    if (metricCalls.has(name)) {
      values[0] = this.#context.vm.metrics.nameOf(Number(args[0])) ?? Number(args[0]);
    }
    return values;
  }

  /** Read after a call that has succeeded. */
  outputs(shapes: readonly RecordedShape[], args: readonly CallValue[]): RecordedValue[] {
    const values: RecordedValue[] = [];
    let key = "";
    let at = 0;
    for (const shape of shapes) {
      const [first, second] = [Number(args[at] ?? 0), Number(args[at + 1] ?? 0)];
      if (shape === "name" || shape === "path") key = keyOf(this.#latin1(first, second));
      if (isOutput(shape)) values.push(this.#output(shape, first, second, key));
      at += widthOf(shape);
    }
    return values;
  }

  /** What a callback is about. */
  message(callback: string): RecordedMessage | undefined {
    const about = abouts[callback];
    if (about === undefined) return undefined;
    const map = about.map === undefined ? undefined : this.#context.readableMap(about.map);
    const buffer = about.buffer === undefined ? undefined : this.#context.buffer(about.buffer);
    const headers: (readonly [string, string])[] = [];
    for (let i = 0; i < (map?.size ?? 0); i += 1) {
      const name = map!.nameAt(i);
      headers.push([name, this.#value(name, map!.valueAt(i))]);
    }
    const bytes = buffer instanceof Uint8Array ? Buffer.from(buffer) : buffer?.toBuffer();
    return {
      ...(map !== undefined && { headers }),
      ...(bytes !== undefined && { body: this.#text(bytes.latin1Slice()) }),
    };
  }

  #input(shape: RecordedShape, first: CallValue, size: number, key: string): RecordedValue {
    if (typeof first === "bigint" || shape === "long") return String(first);
    if (widthOf(shape) === 1) return first;
    if (shape === "pairs") return this.#pairs(first, size);
    const text = this.#latin1(first, size);
    return shape === "value" ? this.#value(key, text) : this.#text(text);
  }

  #output(shape: RecordedShape, first: number, second: number, key: string): RecordedValue {
    const memory = this.#memory;
    if (shape === ">number") return memory.u32(first) ?? 0;
    if (shape === ">long") {
      return memory.contains(first, 8) ? String(memory.bytes.readBigUInt64LE(first >>> 0)) : "0";
    }
    if (shape === ">bytes") return this.#latin1(first, second);
    const pointer = memory.u32(first) ?? 0;
    const size = memory.u32(second) ?? 0;
    if (shape === ">pairs") return this.#pairs(pointer, size);
    const text = this.#latin1(pointer, size);
    return shape === ">value" ? this.#value(key, text) : this.#text(text);
  }

  #pairs(pointer: number, size: number): RecordedPairs {
    const bytes = this.#memory.copy(pointer, size);
    if (bytes === undefined) return [];
    return readPairs(bytes).map(([name, value]) => [name, this.#value(name, value)] as const);
  }

  #value(key: string, text: string): string {
    return this.#redactor === undefined ? text : this.#redactor.value(key, text);
  }

  #text(text: string): string {
    return this.#redactor === undefined ? text : this.#redactor.text(text);
  }

  #latin1(pointer: number, size: number): string {
    return this.#memory.latin1(pointer, size) ?? "";
  }

  get #memory(): GuestMemory {
    return this.#context.vm.memory;
  }
}

/** The last part of a path names what it leads to. */
function keyOf(value: RecordedValue): string {
  return typeof value === "string" ? value.split("\0").at(-1)! : "";
}

/** The buffer that a callback is about. */
export function bufferOf(callback: string): number | undefined {
  return abouts[callback]?.buffer;
}

/** Maps and buffers that callbacks are about. */
const abouts: { readonly [callback: string]: { readonly map?: number; readonly buffer?: number } } =
  {
    proxy_on_request_headers: { map: MAP_HTTP_REQUEST_HEADERS },
    proxy_on_request_body: { buffer: BUFFER_HTTP_REQUEST_BODY },
    proxy_on_request_trailers: { map: MAP_HTTP_REQUEST_TRAILERS },
    proxy_on_response_headers: { map: MAP_HTTP_RESPONSE_HEADERS },
    proxy_on_response_body: { buffer: BUFFER_HTTP_RESPONSE_BODY },
    proxy_on_response_trailers: { map: MAP_HTTP_RESPONSE_TRAILERS },
    proxy_on_downstream_data: { buffer: BUFFER_DOWNSTREAM_DATA },
    proxy_on_upstream_data: { buffer: BUFFER_UPSTREAM_DATA },
    sluice_on_first_bytes: { buffer: BUFFER_DOWNSTREAM_DATA },
    sluice_on_tcp_data: { buffer: BUFFER_UPSTREAM_DATA },
    proxy_on_http_call_response: {
      map: MAP_HTTP_CALL_RESPONSE_HEADERS,
      buffer: BUFFER_HTTP_CALL_RESPONSE_BODY,
    },
    proxy_on_grpc_receive: { buffer: BUFFER_GRPC_RECEIVE },
  };
