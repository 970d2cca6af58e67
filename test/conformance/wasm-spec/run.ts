// The WebAssembly spec suite on the rewriter: what a limited module does is compared, action by action, with what the
// module itself does, and whatever is malformed or invalid must be refused.
//   cargo run --release --manifest-path test/conformance/wasm-spec/Cargo.toml -- <folder>
//   node -C sluice-source test/conformance/wasm-spec/run.ts <folder>
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { claimEpochMemory, createEpochMemory } from "../../../host/src/guest/limits/epoch.ts";
import { staticLimits } from "../../../host/src/guest/limits/defaults.ts";
import { instantiateLimited } from "../../../host/src/guest/limits/instance.ts";
import { rewriteModule } from "../../../host/src/guest/limits/rewriter.ts";
import { fuelExport, startExport } from "../../../host/src/guest/limits/state-exports.ts";

interface Constant {
  readonly type: string;
  readonly value?: string;
}

interface Command {
  readonly type: string;
  readonly line: number;
  readonly name?: string;
  readonly as?: string;
  readonly filename?: string;
  readonly module_type?: string;
  readonly action?: {
    readonly type: string;
    readonly module?: string;
    readonly field: string;
    readonly args?: readonly Constant[];
  };
}

/** As little as a test needs; the suite has modules of 4 GiB, which are refused for their size. */
const memoryBytes = 1024 * 1_048_576;
const limits = { ...staticLimits, tableElements: 10_000_000 };
const fuel = 1_000_000_000_000n;

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder that the suite was written to");
const suite = folder;
const epoch = createEpochMemory();
claimEpochMemory(epoch);

const counts = {
  files: 0,
  modules: 0,
  "not for this engine": 0,
  "refused as not supported or too large": 0,
  "actions compared": 0,
  "malformed or invalid refused": 0,
  differences: 0,
};
const differences: string[] = [];
const refusals = new Map<string, number>();

function differ(place: string, text: string): void {
  counts.differences += 1;
  differences.push(`${place}: ${text}`);
}

/** Instances that a file has made, of the modules as they are or as they are rewritten. */
class World {
  readonly named = new Map<string, WebAssembly.Instance>();
  readonly imports: WebAssembly.Imports = spectest();
  current: WebAssembly.Instance | undefined = undefined;

  find(name: string | undefined): WebAssembly.Instance | undefined {
    return name === undefined ? this.current : this.named.get(name);
  }

  take(instance: WebAssembly.Instance | undefined, name: string | undefined): void {
    this.current = instance;
    if (name !== undefined && instance !== undefined) this.named.set(name, instance);
  }
}

function spectest(): WebAssembly.Imports {
  const nothing = (): void => {};
  const names = ["print", "print_i32", "print_i64", "print_f32", "print_f64"];
  const functions = [...names, "print_i32_f32", "print_f64_f64"].map((name) => [name, nothing]);
  const global = (value: "f32" | "f64"): WebAssembly.Global =>
    new WebAssembly.Global({ value }, 666.6);
  return {
    spectest: {
      ...(Object.fromEntries(functions) as WebAssembly.ModuleImports),
      global_i32: 666,
      global_i64: new WebAssembly.Global({ value: "i64" }, 666n),
      global_f32: global("f32"),
      global_f64: global("f64"),
      table: new WebAssembly.Table({ initial: 10, maximum: 20, element: "anyfunc" }),
      memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
    },
  };
}

/** A module of the suite as the host instantiates it, in one of the ways that it does. */
function limitedInstance(
  bytes: Uint8Array<ArrayBuffer>,
  imports: WebAssembly.Imports,
  countInstructions: boolean,
): WebAssembly.Instance | string {
  const result = rewriteModule(bytes, {
    memoryBytes,
    limits,
    exportState: countInstructions,
    countInstructions,
  });
  if (!result.ok) return result.error;
  const { memory } = result.value;
  // A memory that a module imports is the exporting module's own.
  const own = memory?.module === "__host" ? memory : undefined;
  const module = new WebAssembly.Module(result.value.bytes);
  const { instance } = instantiateLimited({ module, memory: own }, imports, epoch);
  const left = instance.exports[fuelExport] as WebAssembly.Global | undefined;
  if (left !== undefined) left.value = fuel;
  (instance.exports[startExport] as (() => void) | undefined)?.();
  return instance;
}

class Runner {
  readonly #file: string;
  readonly #counting: boolean;
  readonly #plain = new World();
  readonly #limited = new World();

  constructor(file: string, counting: boolean) {
    this.#file = file;
    this.#counting = counting;
  }

  run(command: Command): void {
    switch (command.type) {
      case "module":
        return this.#module(command);
      case "register":
        return this.#register(command);
      case "assert_malformed":
      case "assert_invalid":
        return this.#refused(command);
      case "assert_exhaustion":
        return;
      default:
        if (command.action !== undefined) this.#compare(command);
    }
  }

  #module({ filename, line, name }: Command): void {
    const place = `${this.#file}:${line}`;
    const bytes = Uint8Array.from(readFileSync(path.join(suite, filename!)));
    this.#plain.take(undefined, undefined);
    this.#limited.take(undefined, undefined);
    if (!WebAssembly.validate(bytes)) {
      counts["not for this engine"] += 1;
      return;
    }
    counts.modules += 1;
    let limited: WebAssembly.Instance | string | undefined;
    const after = outcome(() => {
      limited = limitedInstance(bytes, this.#limited.imports, this.#counting);
    });
    if (typeof limited === "string") return this.#note(limited);
    let plain: WebAssembly.Instance | undefined;
    const before = outcome(() => {
      plain = new WebAssembly.Instance(new WebAssembly.Module(bytes), this.#plain.imports);
    });
    if (withoutTexts(before) !== withoutTexts(after)) differ(place, `${before} became ${after}`);
    if (before !== "undefined") return;
    this.#plain.take(plain, name);
    this.#limited.take(limited, name);
  }

  #note(text: string): void {
    counts["refused as not supported or too large"] += 1;
    const reason = text.replaceAll(/\d+|0x[0-9a-f]+/g, "N");
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
  }

  #register({ name, as }: Command): void {
    for (const world of [this.#plain, this.#limited]) {
      const instance = world.find(name);
      if (instance !== undefined) world.imports[as!] = instance.exports;
    }
  }

  #refused({ filename, line, module_type: type }: Command): void {
    if (type === "text") return;
    const bytes = Uint8Array.from(readFileSync(path.join(suite, filename!)));
    // Newer engines accept what older versions of the suite call invalid.
    if (WebAssembly.validate(bytes)) return;
    counts["malformed or invalid refused"] += 1;
    if (rewriteModule(bytes, { memoryBytes, limits }).ok) {
      differ(`${this.#file}:${line}`, "an invalid module was accepted");
    }
  }

  #compare({ action, line }: Command): void {
    const { type, module, field, args = [] } = action!;
    const plain = this.#plain.find(module);
    const limited = this.#limited.find(module);
    const values = args.map(valueOf);
    if (plain === undefined || limited === undefined || values.includes(opaque)) return;
    counts["actions compared"] += 1;
    const act = (instance: WebAssembly.Instance): string =>
      outcome(() => {
        const value = instance.exports[field]!;
        if (type === "get") return (value as WebAssembly.Global).value;
        return (value as (...args: unknown[]) => unknown)(...values);
      });
    const before = act(plain);
    const after = act(limited);
    if (before !== after) {
      differ(`${this.#file}:${line}`, `${field}: ${before} became ${after}`);
    }
  }
}

const opaque = Symbol("no value of JavaScript");

function valueOf({ type, value = "null" }: Constant): unknown {
  switch (type) {
    case "i32":
      return Number(BigInt.asIntN(32, BigInt(value)));
    case "i64":
      return BigInt.asIntN(64, BigInt(value));
    case "f32":
      return value.startsWith("nan")
        ? NaN
        : new Float32Array(Uint32Array.of(Number(value)).buffer)[0];
    case "f64":
      return value.startsWith("nan")
        ? NaN
        : new Float64Array(BigUint64Array.of(BigInt(value)).buffer)[0];
    case "externref":
      return value === "null" ? null : `host ${value}`;
    default:
      return opaque;
  }
}

function outcome(run: () => unknown): string {
  try {
    return shown(run());
  } catch (error) {
    if (!(error instanceof Error)) return `thrown ${shown(error)}`;
    const kind = error instanceof RangeError ? "RangeError" : error.name;
    return `${kind}: ${error.message.replace(/@\+\d+|at offset \d+/, "")}`;
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(" ");
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Link errors name imports by their numbers. */
function withoutTexts(text: string): string {
  return text.replace(/^(LinkError|TypeError|RuntimeError|RangeError):.*/s, "$1");
}

for (const file of readdirSync(suite).filter((name) => name.endsWith(".json"))) {
  const { commands } = JSON.parse(readFileSync(path.join(suite, file), "utf8")) as {
    readonly commands: readonly Command[];
  };
  counts.files += 1;
  for (const counting of [false, true]) {
    const runner = new Runner(file.replace(/\.json$/, ""), counting);
    for (const command of commands) runner.run(command);
  }
}
console.log(counts);
console.log("not supported:", Object.fromEntries(refusals));
for (const text of differences.slice(0, 40)) console.log(text);
process.exitCode = counts.differences === 0 ? 0 : 1;
