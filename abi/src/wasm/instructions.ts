import { hex, WasmFormatError, type BinaryReader } from "./binary-reader.ts";

/** The instructions that the limiter treats specially. */
export const Opcode = {
  Block: 0x02,
  Loop: 0x03,
  If: 0x04,
  Try: 0x06,
  End: 0x0b,
  BrTable: 0x0e,
  Call: 0x10,
  CallIndirect: 0x11,
  ReturnCall: 0x12,
  ReturnCallIndirect: 0x13,
  Delegate: 0x18,
  TryTable: 0x1f,
  Else: 0x05,
  Catch: 0x07,
  BrIf: 0x0d,
  CatchAll: 0x19,
  TableSet: 0x26,
  /** Bulk memory and table instructions: which one follows, see `BulkOpcode`. */
  BulkPrefix: 0xfc,
} as const;

/** What follows `Opcode.BulkPrefix`. */
export const BulkOpcode = {
  DataDrop: 9,
  TableInit: 12,
  ElemDrop: 13,
  TableCopy: 14,
  TableGrow: 15,
  TableFill: 17,
} as const;

// What follows an opcode.
const None = 0;
const Memarg = 1;
const Index = 2;
const TwoIndexes = 3;
const BlockType = 4;
const BrTable = 5;
const SelectTypes = 6;
const TryTable = 7;
const I32 = 8;
const I64 = 9;
const F32 = 10;
const F64 = 11;
const HeapType = 12;
const BulkPrefix = 13;
const SimdPrefix = 14;
const AtomicPrefix = 15;
const Unknown = 255;

const immediates = new Uint8Array(256).fill(Unknown);
function define(kind: number, ...opcodes: readonly number[]): void {
  for (const opcode of opcodes) immediates[opcode] = kind;
}
immediates.fill(None, 0x45, 0xc5); // comparisons, arithmetic, conversions, sign extension
immediates.fill(Memarg, 0x28, 0x3f); // loads and stores
define(None, 0x00, 0x01, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1a, 0x1b, 0xd1);
define(BlockType, 0x02, 0x03, 0x04, 0x06);
define(Index, 0x07, 0x08, 0x09, 0x0c, 0x0d, 0x10, 0x12, 0x18, 0x3f, 0x40, 0xd2);
define(Index, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26);
define(TwoIndexes, 0x11, 0x13);
define(BrTable, 0x0e);
define(SelectTypes, 0x1c);
define(TryTable, 0x1f);
define(I32, 0x41);
define(I64, 0x42);
define(F32, 0x43);
define(F64, 0x44);
define(HeapType, 0xd0);
define(BulkPrefix, 0xfc);
define(SimdPrefix, 0xfd);
define(AtomicPrefix, 0xfe);

/** Skips what follows `opcode`, which has been read. Throws for an instruction that is not supported. */
export function skipImmediates(reader: BinaryReader, opcode: number): void {
  switch (immediates[opcode]!) {
    case None:
      return;
    case Memarg:
      return skipMemarg(reader);
    case Index:
      return reader.skipLeb(5);
    case I32:
      return reader.skipLeb(5);
    case I64:
      return reader.skipLeb(10);
    case BlockType:
      return skipBlockType(reader);
    case TwoIndexes:
      reader.skipLeb(5);
      return reader.skipLeb(5);
    case F32:
      return reader.skip(4);
    case F64:
      return reader.skip(8);
    default:
      return skipRareImmediates(reader, opcode);
  }
}

function skipRareImmediates(reader: BinaryReader, opcode: number): void {
  switch (immediates[opcode]!) {
    case BrTable:
      return skipIndexes(reader, reader.u32() + 1);
    case SelectTypes:
      for (let n = reader.u32(); n > 0; n -= 1) readValueType(reader);
      return;
    case TryTable:
      return skipTryTable(reader);
    case HeapType:
      return reader.skipLeb(5);
    case BulkPrefix:
      return skipBulk(reader, reader.u32());
    case SimdPrefix:
      return skipSimd(reader, reader.u32());
    case AtomicPrefix:
      return skipAtomic(reader, reader.u32());
    default:
      throw unsupported(reader, hex(opcode));
  }
}

function unsupported(reader: BinaryReader, opcode: string): WasmFormatError {
  return new WasmFormatError(
    `instruction ${opcode} before offset ${hex(reader.position)} is not supported`,
  );
}

function skipIndexes(reader: BinaryReader, count: number): void {
  for (let i = 0; i < count; i += 1) reader.skipLeb(5);
}

function skipMemarg(reader: BinaryReader): void {
  // Bit 6 of the alignment says that a memory index follows: more than one memory.
  if ((reader.u32() & 64) !== 0) throw new WasmFormatError("multiple memories are not supported");
  reader.skipLeb(5);
}

function skipBlockType(reader: BinaryReader): void {
  const first = reader.bytes[reader.position];
  if (first === 0x40) reader.skip(1);
  else if (first !== undefined && (first & 0xc0) === 0x40) readValueType(reader);
  else reader.skipLeb(5);
}

function skipTryTable(reader: BinaryReader): void {
  skipBlockType(reader);
  for (let n = reader.u32(); n > 0; n -= 1) {
    // catch and catch_ref name a tag, catch_all and catch_all_ref do not.
    if (reader.u8() < 2) reader.skipLeb(5);
    reader.skipLeb(5);
  }
}

function skipBulk(reader: BinaryReader, sub: number): void {
  if (sub < 8) return; // saturating conversions
  if (sub > 17) throw unsupported(reader, `0xfc ${sub}`);
  // memory.init, memory.copy, table.init, table.copy have two immediates, the others one.
  const two = sub === 8 || sub === 10 || sub === 12 || sub === 14;
  skipIndexes(reader, two ? 2 : 1);
}

function skipSimd(reader: BinaryReader, sub: number): void {
  if (sub <= 11 || sub === 92 || sub === 93) return skipMemarg(reader);
  if (sub === 12 || sub === 13) return reader.skip(16);
  if (sub >= 21 && sub <= 34) return reader.skip(1);
  if (sub >= 84 && sub <= 91) {
    skipMemarg(reader);
    return reader.skip(1);
  }
  if (sub >= 276) throw unsupported(reader, `0xfd ${sub}`);
}

function skipAtomic(reader: BinaryReader, sub: number): void {
  if (sub === 3) return reader.skip(1); // fence
  if (sub > 78) throw unsupported(reader, `0xfe ${sub}`);
  skipMemarg(reader);
}

const valueTypes = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x7b, "v128"],
  [0x70, "funcref"],
  [0x6f, "externref"],
  [0x69, "exnref"],
]);

/** A value type's name (`i32` …). Throws for those of the garbage collection proposal. */
export function readValueType(reader: BinaryReader): string {
  const byte = reader.u8();
  const name = valueTypes.get(byte);
  if (name !== undefined) return name;
  throw new WasmFormatError(
    `value type ${hex(byte)} at offset ${hex(reader.position - 1)} is not supported (garbage collection types are not)`,
  );
}
