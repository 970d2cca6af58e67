import {
  BinaryReader,
  BulkOpcode,
  hex,
  Opcode,
  readValueType,
  skipImmediates,
  WasmFormatError,
} from "@sluice/abi";
import { ByteWriter, u32Size } from "./byte-writer.ts";
import type { StaticLimits } from "./defaults.ts";
import { chargeCode, checkCode, type Instrumentation } from "./instrumentation.ts";
import { OffsetMapWriter } from "./offset-map.ts";

/** The code section with its checks, and where each piece of it came from (relative to its content). */
export interface RewrittenCode {
  readonly content: ByteWriter;
  readonly offsets: OffsetMapWriter;
  /** Some function changes the elements of a table, or drops a segment. */
  readonly changesTables: boolean;
  readonly dropsSegments: boolean;
}

/** A body up to this many bytes without loops and calls is too short to be worth a check at its entry. */
const uncheckedLeafBytes = 64;

/**
 * Copies the bodies in `[start, end)` of `bytes` and puts a check at each function's entry and at the start of
 * each loop, and a count of instructions in front of each stretch, if they are counted. Throws `WasmFormatError`
 * beyond `limits`.
 */
export function rewriteCode(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  instrumentation: Instrumentation,
  limits: StaticLimits,
): RewrittenCode {
  const reader = new BinaryReader(bytes, range.start, range.end);
  const writer = new CodeWriter(bytes, instrumentation, range.end - range.start);
  const scanner = new BodyScanner(limits, instrumentation.fuelGlobal !== undefined);
  const count = reader.u32();
  writer.content.u32(count);
  for (let i = 0; i < count; i += 1) {
    scanner.scan(reader, i);
    writer.body(scanner);
  }
  if (!reader.done) throw new WasmFormatError("the code section is longer than its functions");
  const { content, offsets } = writer;
  const { changesTables, dropsSegments } = scanner;
  return { content, offsets, changesTables, dropsSegments };
}

/** Reads one body: where its parts lie, and what belongs in front of them. */
class BodyScanner {
  bodyStart = 0;
  bodyEnd = 0;
  /** Offsets at which something is to be put in, ascending; whether that is a check; instructions that are counted. */
  readonly places: number[] = [];
  readonly checked: boolean[] = [];
  readonly counted: number[] = [];
  /** Of all bodies so far. */
  changesTables = false;
  dropsSegments = false;

  readonly #limits: StaticLimits;
  readonly #counting: boolean;
  #index = 0;
  #depth = 0;
  #blocks = 0;
  #calls = false;
  #loops = false;
  /** Of the stretch that is being read: where it begins, whether a loop does there, its instructions. */
  #stretchStart = 0;
  #stretchLoops = false;
  #stretchCount = 0;

  constructor(limits: StaticLimits, counting: boolean) {
    this.#limits = limits;
    this.#counting = counting;
  }

  scan(reader: BinaryReader, index: number): void {
    const size = reader.u32();
    this.#index = index;
    this.bodyStart = reader.position;
    this.#atMost("bytes of code", size, this.#limits.functionBodyBytes);
    reader.skip(size);
    this.bodyEnd = reader.position;
    const body = new BinaryReader(reader.bytes, this.bodyStart, this.bodyEnd);
    const locals = this.#locals(body);
    this.#instructions(body);
    this.#atMost("locals x blocks", locals * this.#blocks, this.#limits.localsTimesBlocks);
    if (this.#depth !== -1) throw new WasmFormatError(`function ${index} does not end`);
  }

  #locals(body: BinaryReader): number {
    let locals = 0;
    for (let groups = body.u32(); groups > 0; groups -= 1) {
      locals += body.u32();
      readValueType(body);
      this.#atMost("locals", locals, this.#limits.locals);
    }
    return locals;
  }

  #instructions(body: BinaryReader): void {
    const entry = body.position;
    this.places.length = 0;
    this.checked.length = 0;
    this.counted.length = 0;
    this.#depth = 0;
    this.#blocks = 0;
    this.#calls = false;
    this.#loops = false;
    this.#beginStretch(entry, false);
    while (!body.done) this.#instruction(body);
    this.#endStretch(body.position, false);
    const leaf = !this.#calls && !this.#loops;
    if (!leaf || this.bodyEnd - this.bodyStart > uncheckedLeafBytes) this.#checkEntry(entry);
  }

  #instruction(body: BinaryReader): void {
    const opcode = body.u8();
    const immediates = body.position;
    skipImmediates(body, opcode);
    this.#stretchCount += 1;
    switch (opcode) {
      case Opcode.Loop:
        this.#loops = true;
        this.#enterBlock();
        return this.#endStretch(body.position, true);
      case Opcode.If:
        this.#enterBlock();
        return this.#endStretch(body.position, false);
      case Opcode.Block:
      case Opcode.Try:
      case Opcode.TryTable:
        return this.#enterBlock();
      case Opcode.End:
      case Opcode.Delegate:
        this.#depth -= 1;
        return this.#endStretch(body.position, false);
      case Opcode.Else:
      case Opcode.BrIf:
      case Opcode.Catch:
      case Opcode.CatchAll:
        return this.#endStretch(body.position, false);
      default:
        this.#rareInstruction(body, opcode, immediates);
    }
  }

  #rareInstruction(body: BinaryReader, opcode: number, immediates: number): void {
    switch (opcode) {
      case Opcode.Call:
      case Opcode.CallIndirect:
      case Opcode.ReturnCall:
      case Opcode.ReturnCallIndirect:
        this.#calls = true;
        break;
      case Opcode.BrTable:
        body.position = immediates;
        this.#atMost("br_table targets", body.u32(), this.#limits.brTableTargets);
        body.position = immediates;
        skipImmediates(body, opcode);
        break;
      case Opcode.TableSet:
        this.changesTables = true;
        break;
      case Opcode.BulkPrefix:
        this.#bulk(new BinaryReader(body.bytes, immediates, body.position).u32());
        break;
    }
  }

  #bulk(opcode: number): void {
    switch (opcode) {
      case BulkOpcode.DataDrop:
      case BulkOpcode.ElemDrop:
        this.dropsSegments = true;
        break;
      case BulkOpcode.TableInit:
      case BulkOpcode.TableCopy:
      case BulkOpcode.TableGrow:
      case BulkOpcode.TableFill:
        this.changesTables = true;
        break;
    }
  }

  #beginStretch(start: number, loops: boolean): void {
    this.#stretchStart = start;
    this.#stretchLoops = loops;
    this.#stretchCount = 0;
  }

  /** Control may go elsewhere, or come from there, at `end`; `loops`: again and again. */
  #endStretch(end: number, loops: boolean): void {
    const counted = this.#counting ? this.#stretchCount : 0;
    if (this.#stretchLoops || counted > 0) {
      this.places.push(this.#stretchStart);
      this.checked.push(this.#stretchLoops);
      this.counted.push(counted);
    }
    this.#beginStretch(end, loops);
  }

  #checkEntry(entry: number): void {
    if (this.places[0] === entry) {
      this.checked[0] = true;
      return;
    }
    this.places.unshift(entry);
    this.checked.unshift(true);
    this.counted.unshift(0);
  }

  #enterBlock(): void {
    this.#depth += 1;
    this.#blocks += 1;
    this.#atMost("nested blocks", this.#depth, this.#limits.nesting);
  }

  #atMost(what: string, value: number, limit: number): void {
    if (value <= limit) return;
    throw new WasmFormatError(
      `function ${this.#index} (of those defined, at offset ${hex(this.bodyStart)}) has ${value} ${what}, the limit is ${limit}`,
    );
  }
}

class CodeWriter {
  readonly content: ByteWriter;
  readonly offsets = new OffsetMapWriter();
  readonly #bytes: Uint8Array;
  readonly #check: Uint8Array;
  readonly #fuelGlobal: number | undefined;
  /** What counts that many instructions. */
  readonly #charges = new Map<number, Uint8Array>();

  constructor(bytes: Uint8Array, instrumentation: Instrumentation, capacity: number) {
    this.content = new ByteWriter(capacity + (capacity >> 3));
    this.#bytes = bytes;
    this.#check = checkCode(instrumentation);
    this.#fuelGlobal = instrumentation.fuelGlobal;
  }

  body(scanned: BodyScanner): void {
    const { bodyStart, bodyEnd, places, checked, counted } = scanned;
    let size = bodyEnd - bodyStart;
    for (let i = 0; i < places.length; i += 1) {
      size += this.#charge(counted[i]!).length + (checked[i]! ? this.#check.length : 0);
    }
    this.content.u32(size);
    let from = bodyStart;
    for (let i = 0; i < places.length; i += 1) {
      this.#piece(from, places[i]!);
      const charge = this.#charge(counted[i]!);
      this.content.copy(charge, 0, charge.length);
      if (checked[i]!) this.content.copy(this.#check, 0, this.#check.length);
      from = places[i]!;
    }
    this.#piece(from, bodyEnd);
  }

  #charge(instructions: number): Uint8Array {
    if (this.#fuelGlobal === undefined || instructions === 0) return noCode;
    const known = this.#charges.get(instructions);
    const charge = known ?? chargeCode(this.#fuelGlobal, instructions);
    this.#charges.set(instructions, charge);
    return charge;
  }

  #piece(from: number, to: number): void {
    this.offsets.add(this.content.length, from);
    this.content.copy(this.#bytes, from, to);
  }
}

const noCode = new Uint8Array(0);

/** Bytes in front of a section's content: its number and length. */
export function sectionHeaderSize(contentLength: number): number {
  return 1 + u32Size(contentLength);
}
