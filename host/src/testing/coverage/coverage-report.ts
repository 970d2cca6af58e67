import path from "node:path";
import type { FileCoverage } from "./coverage.ts";

/** One line for each file: how much of it was run, and what was not. */
export function coverageLines(files: ReadonlyMap<string, FileCoverage>): string[] {
  const names = [...files.keys()].toSorted();
  const shown = names.map((name) => path.relative(process.cwd(), name));
  const width = Math.max(0, ...shown.map((name) => name.length));
  const rows = names.map((name, i) => {
    const lines = [...files.get(name)!].toSorted(([a], [b]) => a - b);
    const run = lines.filter(([, isRun]) => isRun).length;
    const percent = ((100 * run) / Math.max(1, lines.length)).toFixed(1);
    const missed = missedText(lines);
    const rest = missed === "" ? "" : `   not run: ${missed}`;
    return `  ${shown[i]!.padEnd(width)}   ${run} of ${lines.length} lines, ${percent} %${rest}`;
  });
  return rows.length === 0 ? ["coverage: no filter is given as .ts"] : ["coverage", ...rows];
}

/** `12, 31-33`: lines that were not run, joined where no line that was run lies between. */
function missedText(lines: readonly (readonly [number, boolean])[]): string {
  const ranges: [number, number][] = [];
  let open = false;
  for (const [line, isRun] of lines) {
    if (isRun) open = false;
    else if (open) ranges.at(-1)![1] = line;
    else {
      ranges.push([line, line]);
      open = true;
    }
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(", ");
}

/** In the format of lcov, which editors and CI servers read. */
export function lcovText(files: ReadonlyMap<string, FileCoverage>): string {
  const records = [...files.keys()].toSorted().map((name) => {
    const lines = [...files.get(name)!].toSorted(([a], [b]) => a - b);
    const run = lines.filter(([, isRun]) => isRun).length;
    const data = lines.map(([line, isRun]) => `DA:${line},${isRun ? 1 : 0}\n`).join("");
    return `TN:\nSF:${name}\n${data}LF:${lines.length}\nLH:${run}\nend_of_record\n`;
  });
  return records.join("");
}
