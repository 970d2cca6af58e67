import {
  BinaryReader,
  type Limits,
  type ModuleInfo,
  readLimits,
  readTable,
  readValueType,
  type Section,
  SectionId,
  WasmFormatError,
} from "@sluice/abi";
import { ByteWriter } from "./byte-writer.ts";
import { type RewrittenCode, rewriteCode, sectionHeaderSize } from "./code-rewriter.ts";
import type { StaticLimits } from "./defaults.ts";
import type { OffsetMap } from "./offset-map.ts";
import { hostModule, ownExports, type StateExport } from "./state-exports.ts";

/** Where an instance's memory is imported from and how large it is, in pages. */
export interface GuestMemoryType {
  readonly module: string;
  readonly name: string;
  readonly initial: number;
  readonly maximum: number;
}

/** What a module is to become. */
export interface WritePlan {
  readonly memory: GuestMemoryType | undefined;
  readonly limits: StaticLimits;
  /** Let the host reach what an instance's state is made of; see `state-exports.ts`. */
  readonly exportState: boolean;
  readonly countInstructions: boolean;
}

/** The order that the specification demands; custom sections may stand anywhere. */
const sectionOrder: readonly number[] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];

/** Writes a limited module from the sections of the original. */
export class ModuleWriter {
  readonly #bytes: Uint8Array;
  readonly #info: ModuleInfo;
  readonly #plan: WritePlan;
  readonly #exports: readonly StateExport[];
  readonly #out: ByteWriter;
  /** Sections of ours that the module may lack. */
  #importsWritten = false;
  #globalsWritten: boolean;
  #exportsWritten: boolean;
  #codeStart = 0;
  #code: RewrittenCode | undefined;

  constructor(bytes: Uint8Array, info: ModuleInfo, plan: WritePlan) {
    this.#bytes = bytes;
    this.#info = info;
    this.#plan = plan;
    this.#exports = ownExports(info, plan);
    this.#globalsWritten = !plan.countInstructions;
    this.#exportsWritten = this.#exports.length === 0;
    this.#out = new ByteWriter(bytes.length + (bytes.length >> 3));
  }

  write(): void {
    this.#out.copy(this.#bytes, 0, 8);
    let nameBytes = 0;
    for (const section of this.#info.sections) {
      if (section.id === SectionId.Custom) {
        if (section.name !== "name") continue;
        nameBytes += section.end - section.start;
        if (nameBytes > this.#plan.limits.nameSectionBytes) continue;
      }
      this.#section(section);
    }
    this.#missingBefore(Infinity);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.finish();
  }

  offsets(): OffsetMap {
    if (this.#code === undefined) return new Uint32Array(new SharedArrayBuffer(0));
    return this.#code.offsets.finish(this.#codeStart);
  }

  /** Undefined for a module without functions of its own. */
  get code(): RewrittenCode | undefined {
    return this.#code;
  }

  /** Our part of sections that the module does not have, where `order` comes next. */
  #missingBefore(order: number): void {
    if (!this.#importsWritten && order > sectionOrder[SectionId.Import]!) this.#imports(undefined);
    if (!this.#globalsWritten && order > sectionOrder[SectionId.Global]!) this.#globals(undefined);
    if (!this.#exportsWritten && order > sectionOrder[SectionId.Export]!) {
      this.#exportSection(undefined);
    }
  }

  #section(section: Section): void {
    this.#missingBefore(sectionOrder[section.id]!);
    switch (section.id) {
      case SectionId.Import:
        return this.#imports(section);
      case SectionId.Memory:
        return; // is an import now
      case SectionId.Table:
        return this.#tables(section);
      case SectionId.Global:
        return this.#globalsWritten ? this.#copy(section) : this.#globals(section);
      case SectionId.Export:
        return this.#exportsWritten ? this.#copy(section) : this.#exportSection(section);
      case SectionId.Start:
        return this.#plan.exportState ? undefined : this.#copy(section);
      case SectionId.Code:
        return this.#functions(section);
      default:
        return this.#copy(section);
    }
  }

  #copy(section: Section): void {
    this.#out.u8(section.id);
    this.#out.u32(section.end - section.start);
    this.#out.copy(this.#bytes, section.start, section.end);
  }

  /** All imports of the module, then ours: nothing that the module counts by index moves. */
  #imports(section: Section | undefined): void {
    if (this.#importsWritten) throw new WasmFormatError("there are two import sections");
    this.#importsWritten = true;
    const content = new ByteWriter(section === undefined ? 64 : section.end - section.start + 64);
    const definesMemory = this.#plan.memory?.module === hostModule;
    content.u32(this.#info.imports.length + (definesMemory ? 2 : 1));
    if (section !== undefined) this.#copyImports(section, content);
    if (definesMemory) {
      content.text(hostModule);
      content.text("mem");
      content.u8(2);
      writeLimits(content, this.#plan.memory!.initial, this.#plan.memory!.maximum);
    }
    content.text(hostModule);
    content.text("epoch");
    for (const byte of [2, 3, 1, 1]) content.u8(byte); // memory, shared, one page
    this.#out.section(SectionId.Import, content);
  }

  #copyImports(section: Section, content: ByteWriter): void {
    const reader = new BinaryReader(this.#bytes, section.start, section.end);
    for (let count = reader.u32(); count > 0; count -= 1) {
      const start = reader.position;
      reader.text();
      reader.text();
      const kind = reader.u8();
      switch (kind) {
        case 0:
          reader.skipLeb(5);
          break;
        case 1:
          this.#importedLimits(reader, content, start, readTable);
          continue;
        case 2:
          this.#importedLimits(reader, content, start, readLimits);
          continue;
        case 3:
          readValueType(reader);
          reader.skip(1);
          break;
        default:
          reader.skip(1);
          reader.skipLeb(5);
      }
      content.copy(this.#bytes, start, reader.position);
    }
  }

  #importedLimits(
    reader: BinaryReader,
    content: ByteWriter,
    start: number,
    read: (reader: BinaryReader) => Limits,
  ): void {
    const typeBytes = read === readTable ? 1 : 0;
    const limitsStart = reader.position + typeBytes;
    const limits = read(reader);
    content.copy(this.#bytes, start, limitsStart);
    if (typeBytes === 0)
      writeLimits(content, this.#plan.memory!.initial, this.#plan.memory!.maximum);
    else writeLimits(content, limits.min, this.#tableMaximum(limits));
  }

  #tables(section: Section): void {
    const reader = new BinaryReader(this.#bytes, section.start, section.end);
    const content = new ByteWriter(section.end - section.start + 16);
    const count = reader.u32();
    content.u32(count);
    for (let i = 0; i < count; i += 1) {
      content.u8(this.#bytes[reader.position]!);
      const limits = readTable(reader);
      writeLimits(content, limits.min, this.#tableMaximum(limits));
    }
    this.#out.section(SectionId.Table, content);
  }

  #tableMaximum(limits: Limits): number {
    const cap = this.#plan.limits.tableElements;
    if (limits.min > cap) {
      throw new WasmFormatError(`a table has ${limits.min} elements, the limit is ${cap}`);
    }
    return Math.min(limits.max ?? cap, cap);
  }

  /** All globals of the module, then the one that instructions are taken from. */
  #globals(section: Section | undefined): void {
    this.#globalsWritten = true;
    const { globals, imports } = this.#info;
    const imported = imports.filter(({ kind }) => kind === "global").length;
    const content = new ByteWriter(64);
    content.u32(globals.length - imported + 1);
    if (section !== undefined) this.#entries(section, content);
    // An i64 that can be changed; 0 at first.
    for (const byte of [0x7e, 0x01, 0x42, 0x00, 0x0b]) content.u8(byte);
    this.#out.section(SectionId.Global, content);
  }

  #exportSection(section: Section | undefined): void {
    this.#exportsWritten = true;
    const content = new ByteWriter(64);
    content.u32(this.#info.exports.length + this.#exports.length);
    if (section !== undefined) this.#entries(section, content);
    for (const { name, kind, index } of this.#exports) {
      content.text(name);
      content.u8(kind);
      content.u32(index);
    }
    this.#out.section(SectionId.Export, content);
  }

  /** What follows the number of entries. */
  #entries(section: Section, content: ByteWriter): void {
    const reader = new BinaryReader(this.#bytes, section.start, section.end);
    reader.u32();
    content.copy(this.#bytes, reader.position, section.end);
  }

  #functions(section: Section): void {
    if (this.#code !== undefined) throw new WasmFormatError("there are two code sections");
    const { memory, limits, countInstructions } = this.#plan;
    const instrumentation = {
      epochMemory: memory === undefined ? 0 : 1,
      fuelGlobal: countInstructions ? this.#info.globals.length : undefined,
    };
    const code = rewriteCode(this.#bytes, section, instrumentation, limits);
    this.#codeStart = this.#out.length + sectionHeaderSize(code.content.length);
    this.#code = code;
    this.#out.section(SectionId.Code, code.content);
  }
}

function writeLimits(content: ByteWriter, min: number, max: number): void {
  content.u8(1);
  content.u32(min);
  content.u32(max);
}
