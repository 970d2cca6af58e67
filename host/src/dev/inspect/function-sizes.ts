import {
  BinaryReader,
  type ModuleInfo,
  type Section,
  SectionId,
  WasmFormatError,
} from "@sluice/abi";

/** A function that the module defines. */
export interface FunctionSize {
  /** Index of the function, imports counted. */
  readonly index: number;
  /** From the name section, else its export; `function[12]` without either. */
  readonly name: string;
  /** Of its body, locals included. */
  readonly bytes: number;
}

/** The functions that the module defines, largest first. */
export function functionSizes(bytes: Uint8Array, info: ModuleInfo): FunctionSize[] {
  const code = info.sections.find(({ id }) => id === SectionId.Code);
  if (code === undefined) return [];
  const names = functionNames(bytes, info);
  const reader = new BinaryReader(bytes, code.start, code.end);
  const sizes: FunctionSize[] = [];
  for (let count = reader.u32(), i = 0; i < count; i += 1) {
    const size = reader.u32();
    reader.skip(size);
    const index = info.importedFunctions + i;
    sizes.push({ index, name: names.get(index) ?? `function[${index}]`, bytes: size });
  }
  return sizes.sort((a, b) => b.bytes - a.bytes || a.index - b.index);
}

/** Names by function index. A name section that cannot be read gives none: engines do not mind it either. */
function functionNames(bytes: Uint8Array, info: ModuleInfo): Map<number, string> {
  const names = new Map<number, string>();
  for (const { kind, index, name } of info.exports) if (kind === "function") names.set(index, name);
  const section = info.sections.find(({ name }) => name === "name");
  try {
    if (section !== undefined) readNameSection(bytes, section, names);
  } catch (error) {
    if (!(error instanceof WasmFormatError)) throw error;
  }
  return names;
}

const functionNamesSubsection = 1;

function readNameSection(bytes: Uint8Array, section: Section, names: Map<number, string>): void {
  const reader = new BinaryReader(bytes, section.start, section.end);
  reader.text();
  while (!reader.done) {
    const id = reader.u8();
    const length = reader.u32();
    if (id !== functionNamesSubsection) {
      reader.skip(length);
      continue;
    }
    for (let count = reader.u32(); count > 0; count -= 1) names.set(reader.u32(), reader.text());
  }
}
