/**
 * Replaces bodies of exported functions of a module (WebAssembly core specification, section 5.5). For engines
 * whose own words have to differ in few places; the types of the functions stay as they are. `indexOf` knows
 * exported and imported functions.
 */
export function replaceFunctionBodies(
  module: Uint8Array,
  bodiesOf: (indexOf: (name: string) => number) => ReadonlyMap<string, readonly number[]>,
): Uint8Array<ArrayBuffer> {
  const sections = readSections(module);
  const importedNames = readImportedFunctions(module, sections.get(SectionId.Import)!);
  const functions = readExports(module, sections.get(SectionId.Export)!);
  const indexOf = (name: string): number => {
    const imported = importedNames.indexOf(name);
    const index = functions.get(name) ?? (imported < 0 ? undefined : imported);
    if (index === undefined) throw new Error(`the module has no function ${name}`);
    return index;
  };
  const bodies = new Map<number, readonly number[]>();
  for (const [name, body] of bodiesOf(indexOf)) {
    bodies.set(indexOf(name) - importedNames.length, body);
  }
  return withCode(module, sections.get(SectionId.Code)!, bodies);
}

const SectionId = { Import: 2, Export: 7, Code: 10 } as const;

/** Where a section's header begins and its content lies. */
interface Section {
  readonly header: number;
  readonly start: number;
  readonly end: number;
}

/** Unsigned LEB128. */
export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 127;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 128);
  } while (rest !== 0);
  return bytes;
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.#bytes[this.at++]!;
  }

  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  name(): string {
    const size = this.leb();
    this.at += size;
    return Buffer.from(this.#bytes.subarray(this.at - size, this.at)).latin1Slice();
  }

  limits(): void {
    const flags = this.byte();
    this.leb();
    if ((flags & 1) !== 0) this.leb();
  }
}

function readSections(module: Uint8Array): Map<number, Section> {
  const sections = new Map<number, Section>();
  const reader = new Reader(module, 8);
  while (reader.at < module.length) {
    const header = reader.at;
    const id = reader.byte();
    const size = reader.leb();
    sections.set(id, { header, start: reader.at, end: reader.at + size });
    reader.at += size;
  }
  return sections;
}

function readExports(module: Uint8Array, section: Section): Map<string, number> {
  const functions = new Map<string, number>();
  const reader = new Reader(module, section.start);
  for (let rest = reader.leb(); rest > 0; rest -= 1) {
    const name = reader.name();
    const kind = reader.byte();
    const index = reader.leb();
    if (kind === 0) functions.set(name, index);
  }
  return functions;
}

function readImportedFunctions(module: Uint8Array, section: Section): string[] {
  const reader = new Reader(module, section.start);
  const names: string[] = [];
  for (let rest = reader.leb(); rest > 0; rest -= 1) {
    reader.name();
    const name = reader.name();
    const kind = reader.byte();
    if (kind === 0) {
      names.push(name);
      reader.leb();
    } else if (kind === 2) {
      reader.limits();
    } else {
      // Tables: element type and limits; globals: type and mutability.
      reader.byte();
      if (kind === 1) reader.limits();
      else reader.byte();
    }
  }
  return names;
}

function withCode(
  module: Uint8Array,
  section: Section,
  bodies: ReadonlyMap<number, readonly number[]>,
): Uint8Array<ArrayBuffer> {
  const reader = new Reader(module, section.start);
  const count = reader.leb();
  const parts: Uint8Array[] = [Uint8Array.from(unsignedLeb(count))];
  for (let i = 0; i < count; i += 1) {
    const start = reader.at;
    const size = reader.leb();
    reader.at += size;
    const body = bodies.get(i);
    if (body === undefined) parts.push(module.subarray(start, reader.at));
    else parts.push(Uint8Array.from([...unsignedLeb(body.length), ...body]));
  }
  const content = Buffer.concat(parts);
  const header = [SectionId.Code, ...unsignedLeb(content.length)];
  return Uint8Array.from(
    Buffer.concat([
      module.subarray(0, section.header),
      Uint8Array.from(header),
      content,
      module.subarray(section.end),
    ]),
  );
}
