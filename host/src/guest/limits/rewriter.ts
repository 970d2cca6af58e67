import {
  BinaryReader,
  type Limits,
  type ModuleInfo,
  readLimits,
  readModule,
  readTable,
  readValueType,
  type Section,
  SectionId,
  WasmFormatError,
} from "@sluice/abi";
import type { Result } from "../../contracts/result.ts";
import { ByteWriter } from "./byte-writer.ts";
import { rewriteCode, sectionHeaderSize } from "./code-rewriter.ts";
import {
  memoryBytesDefault,
  memoryBytesMax,
  pageBytes,
  type StaticLimits,
  staticLimits,
} from "./defaults.ts";
import type { OffsetMap, OffsetMapWriter } from "./offset-map.ts";

/** How to limit a module. */
export interface RewriteOptions {
  /** Bytes its linear memory may grow to; 64 MiB unless given, 1 GiB at most. */
  readonly memoryBytes?: number;
  /** Pages of linear memory to begin with, for a module that is known to declare more than it needs. */
  readonly initialPages?: number;
  readonly limits?: StaticLimits;
}

/** A module that can be stopped, and what its instances must be given. */
export interface RewrittenModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Declarations of the original. */
  readonly info: ModuleInfo;
  /**
   * Pages of the linear memory to provide: as `__host.mem` when the module defined one, under its own import name
   * when it imports one; undefined when there is none.
   */
  readonly memory: GuestMemoryType | undefined;
  readonly offsets: OffsetMap;
}

/** Where an instance's memory is imported from and how large it is, in pages. */
export interface GuestMemoryType {
  readonly module: string;
  readonly name: string;
  readonly initial: number;
  readonly maximum: number;
}

/** Name of the module that the limiter's own imports come from. */
export const hostModule = "__host";

/**
 * Makes a module that obeys the limits: its memory and tables are capped, and each loop and function entry reads
 * a word (`__host.epoch`, a shared memory of one page) through which the watchdog stops it. The text of an error
 * says what in the module is malformed, not supported or beyond a limit.
 */
export function rewriteModule(
  bytes: Uint8Array<ArrayBuffer>,
  options: RewriteOptions = {},
): Result<RewrittenModule, string> {
  try {
    return { ok: true, value: rewrite(bytes, options) };
  } catch (error) {
    if (error instanceof WasmFormatError) return { ok: false, error: error.message };
    throw error;
  }
}

function rewrite(bytes: Uint8Array<ArrayBuffer>, options: RewriteOptions): RewrittenModule {
  const limits = options.limits ?? staticLimits;
  if (bytes.length > limits.moduleBytes) {
    throw new WasmFormatError(
      `the module has ${bytes.length} bytes, the limit is ${limits.moduleBytes}`,
    );
  }
  const info = readModule(bytes, limits.counts);
  const declared = memoryType(info, options.memoryBytes ?? memoryBytesDefault);
  const memory = declared && {
    ...declared,
    initial: Math.min(declared.initial, options.initialPages ?? declared.initial),
  };
  const writer = new ModuleWriter(bytes, info, memory, limits);
  writer.write();
  // After our own, cheap, checks: the engine's validation takes long on what they refuse.
  if (!WebAssembly.validate(bytes)) throw new WasmFormatError(validationError(bytes));
  return { bytes: writer.finish(), info, memory, offsets: writer.offsets() };
}

function validationError(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    // oxlint-disable-next-line no-new
    new WebAssembly.Module(bytes);
    return "the module is not valid";
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return `the module is not valid: ${text.replace(/^WebAssembly\.Module\(\): /, "")}`;
  }
}

function memoryType(info: ModuleInfo, capBytes: number): GuestMemoryType | undefined {
  const cap = Math.floor(Math.min(capBytes, memoryBytesMax) / pageBytes);
  const imported = info.imports.filter((entry) => entry.kind === "memory");
  if (imported.length + info.memories.length > 1) {
    throw new WasmFormatError("multiple memories are not supported");
  }
  if (info.imports.some((entry) => entry.module === hostModule)) {
    throw new WasmFormatError(`imports from "${hostModule}" are not allowed`);
  }
  const defined = info.memories[0];
  if (defined !== undefined) return { module: hostModule, name: "mem", ...capped(defined, cap) };
  const entry = imported[0];
  if (entry === undefined) return undefined;
  return { module: entry.module, name: entry.name, ...capped(entry.limits!, cap) };
}

function capped(declared: Limits, cap: number): { initial: number; maximum: number } {
  if (declared.min > cap) {
    throw new WasmFormatError(
      `the module needs ${declared.min * pageBytes} bytes of memory, the limit is ${cap * pageBytes}`,
    );
  }
  return { initial: declared.min, maximum: Math.min(declared.max ?? cap, cap) };
}

/** The order that the specification demands; custom sections may stand anywhere. */
const sectionOrder: readonly number[] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];

class ModuleWriter {
  readonly #bytes: Uint8Array;
  readonly #info: ModuleInfo;
  readonly #memory: GuestMemoryType | undefined;
  readonly #limits: StaticLimits;
  readonly #out: ByteWriter;
  #importsWritten = false;
  #codeStart = 0;
  #offsets: OffsetMapWriter | undefined;

  constructor(
    bytes: Uint8Array,
    info: ModuleInfo,
    memory: GuestMemoryType | undefined,
    limits: StaticLimits,
  ) {
    this.#bytes = bytes;
    this.#info = info;
    this.#memory = memory;
    this.#limits = limits;
    this.#out = new ByteWriter(bytes.length + (bytes.length >> 3));
  }

  write(): void {
    this.#out.copy(this.#bytes, 0, 8);
    let nameBytes = 0;
    for (const section of this.#info.sections) {
      if (section.id === SectionId.Custom) {
        if (section.name !== "name") continue;
        nameBytes += section.end - section.start;
        if (nameBytes > this.#limits.nameSectionBytes) continue;
      }
      this.#section(section);
    }
    if (!this.#importsWritten) this.#imports(undefined);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.finish();
  }

  offsets(): OffsetMap {
    if (this.#offsets === undefined) return new Uint32Array(new SharedArrayBuffer(0));
    return this.#offsets.finish(this.#codeStart);
  }

  #section(section: Section): void {
    const order = sectionOrder[section.id]!;
    if (!this.#importsWritten && order > sectionOrder[SectionId.Import]!) this.#imports(undefined);
    switch (section.id) {
      case SectionId.Import:
        return this.#imports(section);
      case SectionId.Memory:
        return; // is an import now
      case SectionId.Table:
        return this.#tables(section);
      case SectionId.Code:
        return this.#code(section);
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
    const definesMemory = this.#memory?.module === hostModule;
    content.u32(this.#info.imports.length + (definesMemory ? 2 : 1));
    if (section !== undefined) this.#copyImports(section, content);
    if (definesMemory) {
      content.text(hostModule);
      content.text("mem");
      content.u8(2);
      writeLimits(content, this.#memory!.initial, this.#memory!.maximum);
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
    if (typeBytes === 0) writeLimits(content, this.#memory!.initial, this.#memory!.maximum);
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
    const cap = this.#limits.tableElements;
    if (limits.min > cap) {
      throw new WasmFormatError(`a table has ${limits.min} elements, the limit is ${cap}`);
    }
    return Math.min(limits.max ?? cap, cap);
  }

  #code(section: Section): void {
    if (this.#offsets !== undefined) throw new WasmFormatError("there are two code sections");
    const epochMemory = this.#memory === undefined ? 0 : 1;
    const code = rewriteCode(this.#bytes, section, epochMemory, this.#limits);
    this.#codeStart = this.#out.length + sectionHeaderSize(code.content.length);
    this.#offsets = code.offsets;
    this.#out.section(SectionId.Code, code.content);
  }
}

function writeLimits(content: ByteWriter, min: number, max: number): void {
  content.u8(1);
  content.u32(min);
  content.u32(max);
}
