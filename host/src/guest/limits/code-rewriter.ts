import {
  BinaryReader,
  hex,
  Opcode,
  readValueType,
  skipImmediates,
  WasmFormatError,
} from "@sluice/abi";
import { ByteWriter, u32Size } from "./byte-writer.ts";
import type { StaticLimits } from "./defaults.ts";
import { OffsetMapWriter } from "./offset-map.ts";

/** The code section with its checks, and where each piece of it came from (relative to its content). */
export interface RewrittenCode {
  readonly content: ByteWriter;
  readonly offsets: OffsetMapWriter;
}

/** A body up to this many bytes without loops and calls is too short to be worth a check at its entry. */
const uncheckedLeafBytes = 64;

/**
 * `if (epoch[0] < 0) unreachable`, where `epoch[0]` is the word that the watchdog condemns the call by.
 * A trap, unlike an exception, cannot be caught by the guest.
 */
function checkSequence(epochMemory: number): Uint8Array {
  const load = epochMemory === 0 ? [0x28, 0x02, 0x00] : [0x28, 0x42, epochMemory, 0x00];
  return Uint8Array.from([0x41, 0, ...load, 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b]);
}

/**
 * Copies the bodies in `[start, end)` of `bytes` and puts a check at each function's entry and at the start of
 * each loop. Throws `WasmFormatError` beyond `limits`.
 */
export function rewriteCode(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  epochMemory: number,
  limits: StaticLimits,
): RewrittenCode {
  const reader = new BinaryReader(bytes, range.start, range.end);
  const writer = new CodeWriter(bytes, checkSequence(epochMemory), range.end - range.start);
  const scanner = new BodyScanner(limits);
  const count = reader.u32();
  writer.content.u32(count);
  for (let i = 0; i < count; i += 1) {
    scanner.scan(reader, i);
    writer.body(scanner);
  }
  if (!reader.done) throw new WasmFormatError("the code section is longer than its functions");
  return { content: writer.content, offsets: writer.offsets };
}

/** Reads one body: where its parts lie, and where checks belong. */
class BodyScanner {
  bodyStart = 0;
  bodyEnd = 0;
  /** Offsets at which a check is to be put, ascending. */
  readonly checks: number[] = [];

  readonly #limits: StaticLimits;
  #index = 0;
  #depth = 0;
  #blocks = 0;
  #calls = false;

  constructor(limits: StaticLimits) {
    this.#limits = limits;
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
    this.checks.length = 0;
    this.#depth = 0;
    this.#blocks = 0;
    this.#calls = false;
    while (!body.done) this.#instruction(body);
    const leaf = !this.#calls && this.checks.length === 0;
    if (!leaf || this.bodyEnd - this.bodyStart > uncheckedLeafBytes) this.checks.unshift(entry);
  }

  #instruction(body: BinaryReader): void {
    const opcode = body.u8();
    const immediates = body.position;
    skipImmediates(body, opcode);
    switch (opcode) {
      case Opcode.Loop:
        this.checks.push(body.position);
        this.#enterBlock();
        break;
      case Opcode.Block:
      case Opcode.If:
      case Opcode.Try:
      case Opcode.TryTable:
        this.#enterBlock();
        break;
      case Opcode.End:
      case Opcode.Delegate:
        this.#depth -= 1;
        break;
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
    }
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

  constructor(bytes: Uint8Array, check: Uint8Array, capacity: number) {
    this.content = new ByteWriter(capacity + (capacity >> 3));
    this.#bytes = bytes;
    this.#check = check;
  }

  body(scanned: BodyScanner): void {
    const { bodyStart, bodyEnd, checks } = scanned;
    const size = bodyEnd - bodyStart + checks.length * this.#check.length;
    this.content.u32(size);
    let from = bodyStart;
    for (let i = 0; i < checks.length; i += 1) {
      this.#piece(from, checks[i]!);
      this.content.copy(this.#check, 0, this.#check.length);
      from = checks[i]!;
    }
    this.#piece(from, bodyEnd);
  }

  #piece(from: number, to: number): void {
    this.offsets.add(this.content.length, from);
    this.content.copy(this.#bytes, from, to);
  }
}

/** Bytes in front of a section's content: its number and length. */
export function sectionHeaderSize(contentLength: number): number {
  return 1 + u32Size(contentLength);
}
