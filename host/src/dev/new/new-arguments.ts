import path from "node:path";
import { type CommandFlag, fail, flagRows, scanFlags } from "../../cli/scan-flags.ts";
import { devPortDefault, portOf } from "../serve/dev-arguments.ts";
import { closest } from "../../common/closest.ts";
import type { Result } from "../../contracts/result.ts";

/** What `sluice new` is asked to do. */
export interface NewCommand {
  /** Of the filter and of the last part of the folder. */
  readonly name: string;
  readonly folder: string;
  readonly language: Language;
  /** The port of `sluice dev`, which is to follow; undefined: it is not. */
  readonly devPort: number | undefined;
}

/** As `--lang` takes them, with the folder of the template. */
export const languages = {
  as: "assemblyscript",
  lua: "lua",
  rust: "rust",
  go: "go",
} as const;
export type Language = keyof typeof languages;

/** Flags of `sluice new`. */
export const newFlags = [
  {
    name: "--lang",
    value: "as|lua|rust|go",
    help: "What the filter is written in. Default: as, which is AssemblyScript.",
  },
  { name: "--dev", help: "Run it at once, as sluice dev does. For as and lua." },
  { name: "--port", value: "<n>", help: "With --dev: port of the proxy. Default: 10000." },
] as const satisfies readonly CommandFlag[];

export const newUsage = "usage: sluice new <name> [--lang as|lua|rust|go]";

/** What `sluice new --help` prints. */
export function newHelp(): string {
  return [
    newUsage,
    "",
    "Makes a folder with a filter, a suite that it passes, and a configuration that runs it. The last part of <name>",
    "is what the filter is called.",
    "",
    ...flagRows(newFlags),
    "",
  ].join("\n");
}

/** Names of npm packages, crates and Go modules alike. */
const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const nameLengthMax = 64;
/** Crates cannot be called as one that they need, modules not as what Go has itself. */
const takenNames: { readonly [language in Language]?: readonly string[] } = {
  rust: ["alloc", "core", "log", "proxy-wasm", "std", "test"],
  go: ["all", "cmd", "go", "main", "std"],
};

/** Reads the arguments behind `new`. An error is one sentence for the user. */
export function parseNewArguments(args: readonly string[]): Result<NewCommand | "help", string> {
  const scanned = scanFlags(args, newFlags);
  if (!scanned.ok) return scanned;
  const { operands, values, help } = scanned.value;
  if (help) return { ok: true, value: "help" };
  const [folder, another] = operands;
  if (folder === undefined) return fail("What is the filter called? Give a name.");
  if (another !== undefined) return fail(`One filter at a time: '${folder}' or '${another}'.`);
  const name = path.basename(path.resolve(folder));
  const language = languageOf(values.get("--lang") ?? "as");
  if (!language.ok) return language;
  const problem = nameProblem(name, language.value);
  if (problem !== undefined) return fail(problem);
  const devPort = devPortOf(values, language.value);
  if (!devPort.ok) return devPort;
  return { ok: true, value: { name, folder, language: language.value, devPort: devPort.value } };
}

function nameProblem(name: string, language: Language): string | undefined {
  if (!namePattern.test(name) || name.length > nameLengthMax) {
    return `'${name}' is no name for a filter: letters from a to z, digits and single hyphens, such as my-filter.`;
  }
  if (takenNames[language]?.includes(name) !== true) return undefined;
  return `'${name}' has a meaning of its own in ${language}: give the filter another name.`;
}

function languageOf(text: string): Result<Language, string> {
  if (isLanguage(text)) return { ok: true, value: text };
  const near = closest(text, Object.values(languages));
  const short = Object.entries(languages).find(([, long]) => long === near)?.[0];
  const hint = short === undefined ? Object.keys(languages).join(", ") : `perhaps ${short}`;
  return fail(`--lang '${text}' is not known: ${hint}.`);
}

function devPortOf(
  values: ReadonlyMap<string, string>,
  language: Language,
): Result<number | undefined, string> {
  const port = portOf(values, "--port");
  if (!values.has("--dev")) {
    return values.has("--port") ? fail("--port goes with --dev.") : { ok: true, value: undefined };
  }
  if (language !== "as" && language !== "lua") {
    return fail("--dev is for as and lua: the others are built first, see the folder's README.");
  }
  return port.ok ? { ok: true, value: port.value ?? devPortDefault } : port;
}

function isLanguage(text: string): text is Language {
  return Object.hasOwn(languages, text);
}
