/** Where an instruction of a module comes from. */
export interface Origin {
  /** As the source map has it. */
  readonly source: string;
  /** From 1. */
  readonly line: number;
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Origins by offset in the module: of a WebAssembly module a source map has one line, whose columns are offsets. */
export function readSourceMap(text: string): ReadonlyMap<number, Origin> {
  const map = JSON.parse(text) as {
    readonly sources: readonly string[];
    readonly mappings: string;
  };
  const origins = new Map<number, Origin>();
  let [offset, source, line] = [0, 0, 0];
  for (const segment of map.mappings.split(",")) {
    const [columns = 0, sources, lines] = numbersOf(segment);
    offset += columns;
    if (sources === undefined || lines === undefined) continue;
    source += sources;
    line += lines;
    origins.set(offset, { source: map.sources[source] ?? "", line: line + 1 });
  }
  return origins;
}

/** Base64 VLQ: five bits per digit, the lowest first, and the sign in the lowest bit of all. */
function numbersOf(segment: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = digits.indexOf(character);
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if (digit >= 32) continue;
    numbers.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    [value, shift] = [0, 0];
  }
  return numbers;
}
