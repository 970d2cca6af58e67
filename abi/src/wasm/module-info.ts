import { BinaryReader, WasmFormatError } from "./binary-reader.ts";
import { Opcode, readValueType, skipImmediates } from "./instructions.ts";

/** Section numbers. */
export const SectionId = {
  Custom: 0,
  Type: 1,
  Import: 2,
  Function: 3,
  Table: 4,
  Memory: 5,
  Global: 6,
  Export: 7,
  Start: 8,
  Element: 9,
  Code: 10,
  Data: 11,
  DataCount: 12,
  Tag: 13,
} as const;

/** One section: its content is `[start, end)` of the module. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  /** Of a custom section; empty for others. */
  readonly name: string;
}

/** A function's signature, types by name. */
export interface FunctionType {
  readonly params: readonly string[];
  readonly results: readonly string[];
}

/** Limits of a memory (in pages) or table (in elements); `max` undefined: none declared. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

/** Kinds of imports and exports. */
export type ExternalKind = "function" | "table" | "memory" | "global" | "tag";

/** One import. `type` stands for functions only, `limits` for memories and tables. */
export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  readonly type: FunctionType | undefined;
  readonly limits: Limits | undefined;
}

/** One export; `index` counts imports first. */
export interface ModuleExport {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
}

/** One global; `type` by name. */
export interface GlobalType {
  readonly type: string;
  readonly mutable: boolean;
}

/** What is declared in a module, without its code. */
export interface ModuleInfo {
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly ModuleImport[];
  /** Type of every function, imported ones first. */
  readonly functions: readonly FunctionType[];
  readonly importedFunctions: number;
  /** The defined ones. */
  readonly tables: readonly Limits[];
  readonly memories: readonly Limits[];
  /** All of them, imported ones first. */
  readonly globals: readonly GlobalType[];
  readonly exports: readonly ModuleExport[];
  /** The function that is run when an instance is made. */
  readonly start: number | undefined;
}

/** How many entries of each kind are read; one more is an error. */
export interface CountLimits {
  readonly types: number;
  readonly imports: number;
  readonly functions: number;
  readonly tables: number;
  readonly globals: number;
  readonly exports: number;
  readonly elementSegments: number;
  readonly dataSegments: number;
  readonly customSections: number;
}

const noLimits: CountLimits = {
  types: Infinity,
  imports: Infinity,
  functions: Infinity,
  tables: Infinity,
  globals: Infinity,
  exports: Infinity,
  elementSegments: Infinity,
  dataSegments: Infinity,
  customSections: Infinity,
};

/**
 * Reads a module's declarations. Throws `WasmFormatError` for malformed bytes, for what is not supported
 * (64-bit, shared or custom-page memories, garbage collection types, components) and beyond `limits`.
 */
export function readModule(bytes: Uint8Array, limits: CountLimits = noLimits): ModuleInfo {
  const sections = readSections(bytes, limits.customSections);
  return new ModuleReader(bytes, sections, limits).read();
}

function readSections(bytes: Uint8Array, customMax: number): Section[] {
  const reader = new BinaryReader(bytes);
  checkHeader(reader);
  const sections: Section[] = [];
  let custom = 0;
  while (!reader.done) {
    const id = reader.u8();
    if (id > SectionId.Tag) throw new WasmFormatError(`section ${id} is not known`);
    const length = reader.u32();
    const start = reader.position;
    reader.skip(length);
    let name = "";
    if (id === SectionId.Custom) {
      custom += 1;
      checkCount("custom sections", custom, customMax);
      name = new BinaryReader(bytes, start, reader.position).text();
    }
    sections.push({ id, start, end: reader.position, name });
  }
  return sections;
}

function checkHeader(reader: BinaryReader): void {
  const magic = [0x00, 0x61, 0x73, 0x6d];
  for (const byte of magic) {
    if (reader.done || reader.u8() !== byte) {
      throw new WasmFormatError("not a WebAssembly module: it does not begin with \\0asm");
    }
  }
  const version = reader.u8() + reader.u8() * 256;
  const layer = reader.u8() + reader.u8() * 256;
  if (layer === 1) {
    throw new WasmFormatError(
      "this is a WebAssembly component; a core module (e.g. target wasm32-wasip1) is needed",
    );
  }
  if (version !== 1) throw new WasmFormatError(`WebAssembly version ${version} is not supported`);
}

function checkCount(what: string, count: number, max: number): void {
  if (count > max) throw new WasmFormatError(`${count} ${what} are more than the limit of ${max}`);
}

class ModuleReader {
  readonly #bytes: Uint8Array;
  readonly #sections: readonly Section[];
  readonly #limits: CountLimits;
  readonly #types: FunctionType[] = [];
  readonly #imports: ModuleImport[] = [];
  readonly #functions: FunctionType[] = [];
  readonly #tables: Limits[] = [];
  readonly #memories: Limits[] = [];
  readonly #globals: GlobalType[] = [];
  readonly #exports: ModuleExport[] = [];
  #start: number | undefined = undefined;
  #importedFunctions = 0;

  constructor(bytes: Uint8Array, sections: readonly Section[], limits: CountLimits) {
    this.#bytes = bytes;
    this.#sections = sections;
    this.#limits = limits;
  }

  read(): ModuleInfo {
    for (const section of this.#sections) {
      if (section.id !== SectionId.Custom) this.#section(section);
    }
    return {
      sections: this.#sections,
      types: this.#types,
      imports: this.#imports,
      functions: this.#functions,
      importedFunctions: this.#importedFunctions,
      tables: this.#tables,
      memories: this.#memories,
      globals: this.#globals,
      exports: this.#exports,
      start: this.#start,
    };
  }

  #section(section: Section): void {
    if (section.id === SectionId.DataCount) return;
    const reader = new BinaryReader(this.#bytes, section.start, section.end);
    const count = reader.u32();
    if (section.id === SectionId.Start) {
      this.#start = count;
      return;
    }
    switch (section.id) {
      case SectionId.Type:
        checkCount("types", count, this.#limits.types);
        for (let i = 0; i < count; i += 1) this.#types.push(readFunctionType(reader));
        return;
      case SectionId.Import:
        checkCount("imports", count, this.#limits.imports);
        for (let i = 0; i < count; i += 1) this.#imports.push(this.#import(reader));
        return;
      case SectionId.Function:
        checkCount("functions", count, this.#limits.functions);
        for (let i = 0; i < count; i += 1) this.#functions.push(this.#type(reader.u32()));
        return;
      case SectionId.Export:
        checkCount("exports", count, this.#limits.exports);
        for (let i = 0; i < count; i += 1) this.#exports.push(readExport(reader));
        return;
      default:
        this.#otherSection(section.id, reader, count);
    }
  }

  #otherSection(id: number, reader: BinaryReader, count: number): void {
    switch (id) {
      case SectionId.Table:
        checkCount("tables", count, this.#limits.tables);
        for (let i = 0; i < count; i += 1) this.#tables.push(readTable(reader));
        return;
      case SectionId.Memory:
        if (count > 1) throw new WasmFormatError("multiple memories are not supported");
        if (count === 1) this.#memories.push(readLimits(reader));
        return;
      case SectionId.Global:
        checkCount("globals", count, this.#limits.globals);
        for (let i = 0; i < count; i += 1) this.#globals.push(readGlobal(reader));
        return;
      case SectionId.Element:
        return checkCount("element segments", count, this.#limits.elementSegments);
      case SectionId.Code:
        return checkCount("functions", count, this.#limits.functions);
      case SectionId.Data:
        return checkCount("data segments", count, this.#limits.dataSegments);
      case SectionId.Tag:
        return checkCount("tags", count, this.#limits.types);
    }
  }

  #type(index: number): FunctionType {
    const type = this.#types[index];
    if (type === undefined) throw new WasmFormatError(`type ${index} does not exist`);
    return type;
  }

  #import(reader: BinaryReader): ModuleImport {
    const module = reader.text();
    const name = reader.text();
    const kind = readKind(reader);
    let type: FunctionType | undefined;
    let limits: Limits | undefined;
    switch (kind) {
      case "function":
        type = this.#type(reader.u32());
        this.#functions.push(type);
        this.#importedFunctions += 1;
        break;
      case "table":
        limits = readTable(reader);
        break;
      case "memory":
        limits = readLimits(reader);
        break;
      case "global":
        this.#globals.push(readGlobalType(reader));
        break;
      case "tag":
        reader.skip(1);
        reader.skipLeb(5);
        break;
    }
    return { module, name, kind, type, limits };
  }
}

function readFunctionType(reader: BinaryReader): FunctionType {
  const form = reader.u8();
  if (form !== 0x60) throw new WasmFormatError("garbage collection types are not supported");
  return { params: readValueTypes(reader), results: readValueTypes(reader) };
}

function readValueTypes(reader: BinaryReader): string[] {
  const types: string[] = [];
  for (let n = reader.u32(); n > 0; n -= 1) types.push(readValueType(reader));
  return types;
}

const kinds: readonly ExternalKind[] = ["function", "table", "memory", "global", "tag"];

function readKind(reader: BinaryReader): ExternalKind {
  const byte = reader.u8();
  const kind = kinds[byte];
  if (kind === undefined) throw new WasmFormatError(`kind ${byte} is not known`);
  return kind;
}

function readExport(reader: BinaryReader): ModuleExport {
  return { name: reader.text(), kind: readKind(reader), index: reader.u32() };
}

function readGlobalType(reader: BinaryReader): GlobalType {
  return { type: readValueType(reader), mutable: reader.u8() === 1 };
}

/** A global with the expression that it is initialised by, which is skipped. */
function readGlobal(reader: BinaryReader): GlobalType {
  const type = readGlobalType(reader);
  for (let opcode = reader.u8(); opcode !== Opcode.End; opcode = reader.u8()) {
    skipImmediates(reader, opcode);
  }
  return type;
}

/** The limits of a table: `readLimits` after its element type. */
export function readTable(reader: BinaryReader): Limits {
  if (reader.bytes[reader.position] === 0x40) {
    throw new WasmFormatError("tables with an initial value are not supported");
  }
  readValueType(reader);
  return readLimits(reader);
}

/** Limits of a memory or table. */
export function readLimits(reader: BinaryReader): Limits {
  const flags = reader.u8();
  if ((flags & 2) !== 0) throw new WasmFormatError("shared memory is not supported");
  if ((flags & 4) !== 0) throw new WasmFormatError("64-bit memory is not supported");
  if (flags > 1) throw new WasmFormatError("memory with another page size is not supported");
  return { min: reader.u32(), max: flags === 1 ? reader.u32() : undefined };
}
