import {
  BinaryReader,
  type ModuleInfo,
  type Section,
  SectionId,
  WasmFormatError,
} from "@sluice/abi";

/** A custom section, and its content where that is understood. */
export interface CustomSection {
  readonly name: string;
  /** Of the content, its name not counted. */
  readonly bytes: number;
  /** `sluice.filter`: the JSON. `producers`: the tools. `sourceMappingURL`: the URL. */
  readonly content?: unknown;
}

/** In the order in which they stand in the module. */
export function customSections(bytes: Uint8Array, info: ModuleInfo): CustomSection[] {
  return info.sections
    .filter(({ id }) => id === SectionId.Custom)
    .map((section) => {
      const reader = new BinaryReader(bytes, section.start, section.end);
      reader.text();
      const content = contentOf(section, reader);
      const size = section.end - reader.position;
      return { name: section.name, bytes: size, ...(content !== undefined && { content }) };
    });
}

/** What a module says of the tools that made it: `AssemblyScript 0.28.20`. */
export function toolsOf(sections: readonly CustomSection[]): string[] {
  const content = sections.find(({ name }) => name === "producers")?.content;
  return Array.isArray(content) ? content.map(String) : [];
}

function contentOf(section: Section, reader: BinaryReader): unknown {
  const { position, end } = reader;
  const rest = reader.bytes.subarray(position, end);
  try {
    if (section.name === "sluice.filter") return JSON.parse(new TextDecoder().decode(rest));
    if (section.name === "sourceMappingURL") return new BinaryReader(rest).text();
    if (section.name === "producers") return producers(new BinaryReader(rest));
  } catch (error) {
    if (!(error instanceof WasmFormatError || error instanceof SyntaxError)) throw error;
    return `unreadable: ${error.message}`;
  }
  return undefined;
}

/** Fields `language`, `processed-by` and `sdk`, each with names and versions. */
function producers(reader: BinaryReader): string[] {
  const tools = new Set<string>();
  for (let fields = reader.u32(); fields > 0; fields -= 1) {
    reader.text();
    for (let values = reader.u32(); values > 0; values -= 1) {
      tools.add(`${reader.text()} ${reader.text()}`.trim());
    }
  }
  return [...tools];
}
