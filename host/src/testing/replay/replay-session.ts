import { isDeepStrictEqual } from "node:util";
import { pairsByteLength, STATUS_OK, writePairs } from "@sluice/abi";
import type {
  RecordedCallback,
  RecordedHostCall,
  RecordedPairs,
  RecordedValue,
} from "../../guest/watch/recording.ts";
import type { CallValue } from "../../guest/wasm/proxy-wasm/watch/call-text.ts";
import {
  CallValues,
  isOutput,
  recordedShapes,
  widthOf,
} from "../../guest/wasm/proxy-wasm/watch/call-values.ts";
import type { WasmVm } from "../../guest/wasm/proxy-wasm/vm.ts";
import { callText, resultText } from "./value-text.ts";

type HostFunction = (...args: CallValue[]) => CallValue | undefined;

/** What modules do for themselves, some of it only once: a VM that has had streams before does less. */
const ofItsOwn: ReadonlySet<string> = new Set(["random_get", "clock_time_get"]);

/** Where a module does something else than was recorded. */
export interface Divergence {
  /** `callback 3, proxy_on_request_body, host call 2` */
  readonly place: string;
  readonly recorded: string;
  readonly now: string;
}

/** Answers the host calls of a module with what was recorded, in order, as long as it makes the same. */
export class ReplaySession {
  vm!: WasmVm;
  /** The first one. */
  divergence: Divergence | undefined = undefined;
  calls = 0;
  readonly #rootIds: { readonly recorded: number; now: number };
  #callback: RecordedCallback | undefined = undefined;
  #number = 0;
  #next = 0;

  constructor(recordedRoot: number) {
    this.#rootIds = { recorded: recordedRoot, now: recordedRoot };
  }

  /** The root context of this run. */
  set rootContext(id: number) {
    this.#rootIds.now = id;
  }

  /** Stands in for host functions: outside of callbacks they are the real ones. */
  wrap(functions: WebAssembly.ModuleImports): WebAssembly.ModuleImports {
    const wrapped: WebAssembly.ModuleImports = {};
    for (const [name, run] of Object.entries(functions)) {
      const real = run as HostFunction;
      wrapped[name] = (...args: CallValue[]) => {
        const isReal = this.#callback === undefined || recordedShapes(name) === undefined;
        return isReal ? real(...args) : this.#call(name, args, real);
      };
    }
    return wrapped;
  }

  begin(callback: RecordedCallback, number: number): readonly number[] {
    this.#callback = callback;
    this.#number = number;
    this.#next = 0;
    const { recorded, now } = this.#rootIds;
    return callback.args.map((arg, i) => {
      // The root stands first, or behind the stream that is made.
      const mayBeRoot = i === 0 || (i === 1 && callback.name === "proxy_on_context_create");
      return mayBeRoot && arg === recorded ? now : arg;
    });
  }

  /** `failure`: why the VM was lost; undefined: it was not. */
  end(result: number, failure: string | undefined): void {
    const callback = this.#callback!;
    this.#callback = undefined;
    if (this.divergence !== undefined) return;
    this.#skipTo(callback, "");
    const missing = failure === undefined ? callback.calls[this.#next] : undefined;
    if (missing !== undefined) {
      const place = `${this.#place(callback)}, host call ${this.#next + 1}`;
      const now = `the callback ends with ${result}`;
      this.divergence = { place, recorded: callText(missing), now };
      return;
    }
    const recorded = endText(callback.result, callback.failure);
    const now = endText(result, failure);
    const same =
      (callback.failure === undefined) === (failure === undefined) &&
      (failure !== undefined || callback.result === result);
    if (!same) this.divergence = { place: this.#place(callback), recorded, now };
  }

  #call(name: string, args: CallValue[], real: HostFunction): CallValue | undefined {
    const callback = this.#callback!;
    this.#skipTo(callback, name);
    const expected = callback.calls[this.#next];
    if (expected?.name !== name && ofItsOwn.has(name)) return real(...args);
    const shapes = recordedShapes(name)!;
    const inputs = new CallValues(this.vm.acting).inputs(name, shapes, args);
    if (name === "proxy_set_effective_context" && inputs[0] === this.#rootIds.now) {
      inputs[0] = this.#rootIds.recorded;
    }
    const same =
      expected?.name === name && isDeepStrictEqual(plain(expected.inputs), plain(inputs));
    if (expected === undefined || !same) {
      this.#diverge(callback, expected, callText({ name, inputs }));
      return this.vm.trap("the recording has nothing like it");
    }
    this.#next += 1;
    this.calls += 1;
    if (expected.status === STATUS_OK) this.#give(shapes, args, expected.outputs);
    return expected.status;
  }

  /** Leaves out what the module need not do again. */
  #skipTo({ calls }: RecordedCallback, name: string): void {
    for (;;) {
      const expected = calls[this.#next];
      if (expected === undefined || expected.name === name || !ofItsOwn.has(expected.name)) return;
      this.#next += 1;
    }
  }

  #diverge(callback: RecordedCallback, expected: RecordedHostCall | undefined, now: string): void {
    const place = `${this.#place(callback)}, host call ${this.#next + 1}`;
    const recorded =
      expected === undefined
        ? endText(callback.result, callback.failure)
        : `${callText(expected)} = ${resultText(expected)}`;
    this.divergence ??= { place, recorded, now };
  }

  #place({ name }: RecordedCallback): string {
    return `callback ${this.#number + 1}, ${name}`;
  }

  /** Writes what the call gave to where the module wants it. */
  #give(
    shapes: NonNullable<ReturnType<typeof recordedShapes>>,
    args: readonly CallValue[],
    outputs: readonly RecordedValue[],
  ): void {
    let at = 0;
    let output = 0;
    for (const shape of shapes) {
      if (isOutput(shape)) {
        this.#giveOne(
          shape,
          Number(args[at] ?? 0),
          Number(args[at + 1] ?? 0),
          outputs[output] ?? 0,
        );
        output += 1;
      }
      at += widthOf(shape);
    }
  }

  #giveOne(shape: string, first: number, second: number, value: RecordedValue): void {
    const { memory } = this.vm;
    if (shape === ">number") memory.setU32(first, Number(value));
    else if (shape === ">long") {
      if (memory.contains(first, 8))
        memory.bytes.writeBigUInt64LE(BigInt(String(value)), first >>> 0);
    } else if (shape === ">bytes") {
      if (memory.contains(first, String(value).length)) memory.writeLatin1(first, String(value));
    } else if (shape === ">pairs")
      this.vm.heap.writeBytes(pairBytes(value as RecordedPairs), first, second);
    else this.vm.heap.writeText(String(value), first, second);
  }
}

function pairBytes(pairs: RecordedPairs): Uint8Array {
  const source = {
    size: pairs.length,
    nameAt: (i: number) => pairs[i]![0],
    valueAt: (i: number) => pairs[i]![1],
  };
  const bytes = Buffer.alloc(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes;
}

function endText(result: number, failure: string | undefined): string {
  return failure === undefined
    ? `the callback ends with ${result}`
    : `the module fails: ${failure}`;
}

/** As it comes out of JSON. */
function plain(values: readonly RecordedValue[]): unknown {
  return JSON.parse(JSON.stringify(values));
}
