import type { CustomSection } from "./custom-sections.ts";
import type { HostVerdict } from "./hosts.ts";
import type { ImportReport, LimitReport, ModuleReport, SizeReport } from "./module-report.ts";

/** Columns that a list is wrapped at. */
const width = 100;
const indent = 14;

/** The report as text. `top`: how many functions are listed. */
export function reportText(file: string, report: ModuleReport, top: number): string {
  const lines = [`${file}: ${bytesText(report.bytes)}, sha256 ${report.sha256}`, ""];
  lines.push(...filterLines(report.customSections));
  lines.push(...row("ABI", [report.abiVersion ?? "none is declared"]));
  lines.push(...row("runs as", report.places));
  lines.push(...row("made by", report.tools));
  lines.push(...row("memory", [memoryText(report)]));
  lines.push(...row("callbacks", report.callbacks));
  lines.push(...row("exports", otherExportsOf(report)));
  lines.push(...importLines(report.imports));
  lines.push(...row("sections", report.customSections.map(sectionText)));
  lines.push("", ...sizeLines(report.size, top));
  lines.push("", "limits", ...table(report.limits.map(limitRow)));
  lines.push("", "hosts", ...report.hosts.flatMap(hostLines));
  if (report.warnings.length > 0)
    lines.push("", "warnings", ...report.warnings.map((it) => `  ${it}`));
  return `${lines.join("\n")}\n`;
}

/** What the module says of itself; it is not trusted to be of the right form. */
function filterLines(sections: readonly CustomSection[]): string[] {
  const content = sections.find(({ name }) => name === "sluice.filter")?.content;
  if (typeof content === "string") return row("filter", [content]);
  if (typeof content !== "object" || content === null) return [];
  const { name, version, capabilities, configSchema, predicate } = content as Record<
    string,
    unknown
  >;
  const title = [name, version].filter((part) => typeof part === "string").join(" ");
  return [
    ...row("filter", [title]),
    ...row("capabilities", Array.isArray(capabilities) ? capabilities.map(String) : []),
    ...row("matters for", predicate === undefined ? [] : [JSON.stringify(predicate)]),
    ...row("configuration", configSchema === undefined ? [] : [JSON.stringify(configSchema)]),
  ];
}

/** A title and a list, which may take several lines; nothing for an empty list. */
function row(title: string, entries: readonly string[]): string[] {
  const lines = wrap(entries.filter((it) => it !== "").join(", "), width - indent);
  return lines.map((line, i) => `${(i === 0 ? title : "").padEnd(indent)}${line}`);
}

/** Breaks a text between its words; an empty one has no line. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}

function memoryText({ memory }: ModuleReport): string {
  if (memory === null) return "none";
  const most =
    memory.maximumBytes === null ? "no maximum" : `at most ${bytesText(memory.maximumBytes)}`;
  return `${bytesText(memory.initialBytes)} at start, ${most}${memory.imported ? ", imported" : ""}`;
}

function otherExportsOf({ exports }: ModuleReport): string[] {
  return exports
    .filter(({ role }) => role !== "callback")
    .map(({ name, kind, type }) => `${name}${type ?? ` (${kind})`}`);
}

/** By the group of the host call. */
function importLines(imports: readonly ImportReport[]): string[] {
  const groups = Map.groupBy(imports, ({ group }) => group);
  const lines = [...groups].flatMap(([group, entries]) =>
    wrap(`${group}: ${entries.map((entry) => importText(entry)).join(", ")}`, width - indent),
  );
  return lines.map((line, i) => `${(i === 0 ? "imports" : "").padEnd(indent)}${line}`);
}

function importText({ module, name, group, kind }: ImportReport): string {
  if (group === "wasi") return name;
  return `${group === "other" ? `${module}.` : ""}${name}${kind === "function" ? "" : ` (${kind})`}`;
}

function sectionText({ name, bytes }: CustomSection): string {
  return `${name} (${bytesText(bytes)})`;
}

function sizeLines(size: SizeReport, top: number): string[] {
  const { codeBytes, dataBytes, customBytes, functionCount, functions } = size;
  const shown = functions.slice(0, top);
  const rows = shown.map(({ bytes, name }) => [
    bytesText(bytes),
    `${((100 * bytes) / Math.max(codeBytes, 1)).toFixed(1)} %`,
    name,
  ]);
  const rest = functionCount - shown.length;
  return [
    `code          ${bytesText(codeBytes)} in ${functionCount} functions; data ${bytesText(dataBytes)}; custom sections ${bytesText(customBytes)}`,
    ...table(rows, true),
    ...(rest > 0 ? [`  and ${rest} more (--top ${functionCount})`] : []),
  ];
}

function limitRow({ name, value, limit, unit }: LimitReport): string[] {
  const text = unit === "bytes" ? bytesText : String;
  return [name, `${text(value)} of ${text(limit)}`, value > limit ? "TOO MUCH" : ""];
}

function hostLines({ host, runs, reasons }: HostVerdict): string[] {
  const why = reasons.flatMap((reason) => wrap(reason, width - 6));
  return [`  ${host.padEnd(34)}${runs}`, ...why.map((line) => `      ${line}`)];
}

/** Rows whose cells stand below each other; `right`: all but the last are aligned to the right. */
function table(rows: readonly (readonly string[])[], right = false): string[] {
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((cells) => {
    const padded = cells.map((cell, i) => {
      if (i === cells.length - 1) return cell;
      return right ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
    });
    return `  ${padded.join("  ")}`.trimEnd();
  });
}

/** `512 B`, `15.2 KiB` */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${round(bytes / 1024)} KiB`;
  return `${round(bytes / 1_048_576)} MiB`;
}

function round(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
