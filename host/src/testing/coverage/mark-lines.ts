import {
  BinaryReader,
  Opcode,
  readModule,
  readValueType,
  SectionId,
  skipImmediates,
} from "@sluice/abi";
import { ByteWriter } from "../../guest/limits/byte-writer.ts";
import type { Origin } from "./source-map.ts";

/** A module that notes which of its lines are run, each in a byte of its memory. */
export interface MarkedModule {
  readonly bytes: Uint8Array;
  /** What the byte at `firstMark` and those behind it stand for. */
  readonly lines: readonly Origin[];
}

/** Address of the first mark: 0 is what pointers to nothing point to. */
export const firstMark = 64;
/** Memory that a module must leave alone for its marks. */
export const markBytes = 65_536;

/** What may leave the straight way: behind it, a line may be reached by another. */
const branching: ReadonlySet<number> = new Set([
  Opcode.Block,
  Opcode.Loop,
  Opcode.If,
  Opcode.Else,
  Opcode.End,
  Opcode.BrIf,
]);

/** Puts a mark in front of each instruction with which a line of `isWanted` begins. */
export function markLines(
  bytes: Uint8Array,
  origins: ReadonlyMap<number, Origin>,
  isWanted: (source: string) => boolean,
): MarkedModule {
  const section = readModule(bytes).sections.find(({ id }) => id === SectionId.Code);
  if (section === undefined) return { bytes, lines: [] };
  const marks = new LineMarks(origins, isWanted);
  const code = new ByteWriter(section.end - section.start);
  const reader = new BinaryReader(bytes, section.start, section.end);
  const count = reader.u32();
  code.u32(count);
  for (let i = 0; i < count; i += 1) {
    const size = reader.u32();
    const body = markBody(new BinaryReader(bytes, reader.position, reader.position + size), marks);
    reader.skip(size);
    code.u32(body.length);
    const content = body.finish();
    code.copy(content, 0, content.length);
  }
  const whole = new ByteWriter(bytes.length * 2);
  whole.copy(bytes, 0, headOf(bytes, section.start));
  whole.section(SectionId.Code, code);
  whole.copy(bytes, section.end, bytes.length);
  return { bytes: Uint8Array.from(whole.finish()), lines: marks.lines };
}

/** Where the section's own number stands: in front of its length. */
function headOf(bytes: Uint8Array, start: number): number {
  let at = start - 1;
  // The bytes of a length but the last have their highest bit set.
  while (at > 0 && bytes[at - 1]! >= 128) at -= 1;
  return at - 1;
}

function markBody(body: BinaryReader, marks: LineMarks): ByteWriter {
  const writer = new ByteWriter(body.end - body.position);
  const start = body.position;
  for (let groups = body.u32(); groups > 0; groups -= 1) {
    body.u32();
    readValueType(body);
  }
  writer.copy(body.bytes, start, body.position);
  marks.leaveLine();
  while (!body.done) {
    const at = body.position;
    const mark = marks.at(at);
    if (mark !== undefined) writeMark(writer, mark);
    const opcode = body.u8();
    skipImmediates(body, opcode);
    writer.copy(body.bytes, at, body.position);
    if (branching.has(opcode)) marks.leaveLine();
  }
  return writer;
}

/** `i32.store8 (i32.const address) (i32.const 1)` */
function writeMark(writer: ByteWriter, address: number): void {
  writer.u8(0x41);
  writer.s32(address);
  for (const byte of [0x41, 1, 0x3a, 0, 0]) writer.u8(byte);
}

/** Gives lines their places in memory. */
class LineMarks {
  readonly lines: Origin[] = [];
  readonly #origins: ReadonlyMap<number, Origin>;
  readonly #isWanted: (source: string) => boolean;
  readonly #addresses = new Map<string, number>();
  #line = "";

  constructor(origins: ReadonlyMap<number, Origin>, isWanted: (source: string) => boolean) {
    this.#origins = origins;
    this.#isWanted = isWanted;
  }

  /** The next instruction of the same line is marked again. */
  leaveLine(): void {
    this.#line = "";
  }

  /** The address to mark where an instruction at `offset` begins a line; undefined where none does. */
  at(offset: number): number | undefined {
    const origin = this.#origins.get(offset);
    if (origin === undefined || !this.#isWanted(origin.source)) return undefined;
    const line = `${origin.source}:${origin.line}`;
    if (line === this.#line) return undefined;
    this.#line = line;
    const known = this.#addresses.get(line);
    if (known !== undefined) return known;
    const address = firstMark + this.lines.length;
    if (address >= markBytes) return undefined;
    this.#addresses.set(line, address);
    this.lines.push(origin);
    return address;
  }
}
