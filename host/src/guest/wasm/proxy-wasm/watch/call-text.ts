import { type HostcallName, readPairs, STATUS_OK } from "@sluice/abi";
import type { CallTrace } from "../../../watch/guest-trace.ts";
import { quoted } from "../../../watch/trace-text.ts";
import type { GuestMemory } from "../../engine/guest-memory.ts";
import {
  actionsOf,
  callbackParameters,
  enumNames,
  hostcallShapes,
  parametersOf,
  type Shape,
  statusNames,
} from "./call-shapes.ts";

/** More of a text is not looked at. */
const textMax = 65_536;

/** Parameters and results of host calls. */
export type CallValue = number | bigint;

/** Makes host calls and callbacks readable. What points into the guest's memory is read from there. */
export class CallText {
  readonly #memory: GuestMemory;
  readonly #trace: CallTrace;

  constructor(memory: GuestMemory, trace: CallTrace) {
    this.#memory = memory;
    this.#trace = trace;
  }

  /** `proxy_on_request_headers(context 2, headers 8, end_of_stream 1)` */
  callback(name: string, args: readonly number[]): string {
    const names: readonly string[] = (
      callbackParameters as { readonly [name: string]: readonly string[] | undefined }
    )[name] ?? ["context"];
    const parts = args.map((arg, i) => (i < names.length ? `${names[i]} ${arg}` : String(arg)));
    return `${name}(${parts.join(", ")})`;
  }

  callbackResult(name: string, result: number): string {
    const actions = actionsOf(name);
    return actions === undefined ? "" : (actions[result] ?? String(result));
  }

  /** What a host call is given; read before the call. */
  call(name: string, args: readonly CallValue[]): string {
    const shapes = shapesOf(name);
    if (shapes === undefined) return `${name}(${args.join(", ")})`;
    const parts: string[] = [];
    let secret = "";
    let at = 0;
    for (const shape of shapes) {
      const first = Number(args[at] ?? 0);
      if (!shape.startsWith(">")) parts.push(this.#input(shape, first, args[at + 1] ?? 0, secret));
      if (shape === "name") secret = this.#latin1(first, Number(args[at + 1] ?? 0));
      at += parametersOf(shape);
    }
    return `${name}(${parts.join(", ")})`;
  }

  /** What it gave; read after the call. */
  result(name: string, args: readonly CallValue[], status: number): string {
    const word = statusNames[status] ?? String(status);
    const shapes = status === STATUS_OK ? shapesOf(name) : undefined;
    const parts: string[] = [word];
    let key = "";
    let at = 0;
    for (const shape of shapes ?? []) {
      const first = Number(args[at] ?? 0);
      const second = Number(args[at + 1] ?? 0);
      if (shape === "name") key = this.#latin1(first, second);
      if (shape === "path") key = this.#latin1(first, second).split("\0").at(-1)!;
      if (shape.startsWith(">")) parts.push(this.#output(shape, first, second, key));
      at += parametersOf(shape);
    }
    return parts.join(", ");
  }

  #input(shape: Shape, first: number, second: CallValue, key: string): string {
    const size = Number(second);
    const names = enumNames[shape];
    if (names !== undefined) return names[first] ?? String(first);
    if (parametersOf(shape) === 1) return shape === "ms" ? `${first} ms` : String(first);
    if (shape === "pairs") return this.#pairs(first, size);
    const text = this.#latin1(first, size);
    if (shape === "value") return this.#value(key, text, size);
    return this.#quote(shape === "path" ? text.replaceAll("\0", ".") : text, size);
  }

  #output(shape: Shape, first: number, second: number, key: string): string {
    const memory = this.#memory;
    if (shape === ">number") return String(memory.u32(first) ?? "?");
    if (shape === ">long") {
      return memory.contains(first, 8) ? String(memory.bytes.readBigUInt64LE(first >>> 0)) : "?";
    }
    const pointer = memory.u32(first) ?? 0;
    const size = memory.u32(second) ?? 0;
    if (shape === ">pairs") return this.#pairs(pointer, size);
    const text = this.#latin1(pointer, size);
    return shape === ">value" ? this.#value(key, text, size) : this.#quote(text, size);
  }

  #value(key: string, text: string, bytes: number = text.length): string {
    return this.#cut(this.#trace.redactor.value(key, text), bytes);
  }

  #pairs(pointer: number, size: number): string {
    const bytes = this.#memory.copy(pointer, size);
    if (bytes === undefined) return outside(pointer, size);
    const parts = readPairs(bytes).map(
      ([name, value]) => `${this.#cut(name)}: ${this.#value(name, value)}`,
    );
    return `{${parts.join(", ")}}`;
  }

  #quote(text: string, bytes: number): string {
    return this.#cut(this.#trace.redactor.text(text), bytes);
  }

  #cut(text: string, bytes: number = text.length): string {
    return quoted(text, this.#trace.maxTextBytes, bytes);
  }

  /** No more of it than a trace may need. */
  #latin1(pointer: number, size: number): string {
    if (!this.#memory.contains(pointer, size)) return outside(pointer, size);
    return this.#memory.latin1(pointer, Math.min(size >>> 0, textMax)) ?? "";
  }
}

function shapesOf(name: string): readonly Shape[] | undefined {
  return hostcallShapes[name as HostcallName];
}

function outside(pointer: number, size: number): string {
  return `<${size >>> 0} bytes at ${pointer >>> 0}, outside of the memory>`;
}
