import { availableParallelism } from "node:os";
import { closest } from "../common/closest.ts";
import { logComponents, logLevels, parseLogLevel } from "../common/log/levels.ts";
import type { LogLevel } from "../contracts/log.ts";
import type { Result } from "../contracts/result.ts";
import { commands } from "./commands.ts";
import { refusedFlags, switches, valueFlags, type ValueFlag } from "./flags.ts";
import { maxWorkers, type ComponentLogLevel, type ServerOptions } from "./options.ts";

/** What a command line asks for, when it is well formed. */
export type ParsedArguments =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly options: ServerOptions };

/** Reads the arguments after the program's name. An error is one sentence for the user. */
export function parseArguments(args: readonly string[]): Result<ParsedArguments, string> {
  const scanned = scan(args);
  if (!scanned.ok) return scanned;
  const { values, asked } = scanned.value;
  if (asked.has("--help")) return { ok: true, value: { kind: "help" } };
  if (asked.has("--version")) return { ok: true, value: { kind: "version" } };
  return optionsOf(values);
}

interface Scanned {
  readonly values: Map<ValueFlag, string>;
  readonly asked: Set<string>;
}

/** Splits into flags and values, without looking at the values. */
function scan(args: readonly string[]): Result<Scanned, string> {
  const values = new Map<ValueFlag, string>();
  const asked = new Set<string>();
  for (let i = 0; i < args.length; i += 1) {
    const [given, attached] = split(args[i]!);
    const toggle = switches.find((s) => s.name === given || ("short" in s && s.short === given));
    const flag = valueFlags.find((f) => f.name === given || ("short" in f && f.short === given));
    if (toggle !== undefined && attached === undefined) {
      asked.add(toggle.name);
      continue;
    }
    if (flag === undefined) return fail(refusal(given, attached));
    const value = attached ?? args[(i += 1)];
    if (value === undefined) return fail(`${given} needs a value: ${given} ${flag.value}.`);
    if (values.has(flag.name)) return fail(`${flag.name} is given twice.`);
    values.set(flag.name, value);
  }
  return { ok: true, value: { values, asked } };
}

/** `--flag=value` in its two parts. */
function split(arg: string): [string, string | undefined] {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1;
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

function refusal(given: string, attached: string | undefined): string {
  if (switches.some((s) => s.name === given)) return `${given} takes no value.`;
  const reason = refusedFlags.get(given);
  if (reason !== undefined) return `Sluice does not support Envoy's flag ${given}: ${reason}.`;
  if (!given.startsWith("-")) {
    const command = closest(
      given,
      commands.map(({ name }) => name),
    );
    if (command !== undefined) return `There is no command ${given}. Did you mean ${command}?`;
    return `'${given}' is not a flag. The configuration file is given with -c ${given}.`;
  }
  const near = closest(
    given,
    [...valueFlags, ...switches].map((flag) => flag.name),
  );
  const shown = attached === undefined ? given : `${given}=${attached}`;
  return `There is no flag ${shown}.${near === undefined ? "" : ` Did you mean ${near}?`}`;
}

/** Reads the values. */
function optionsOf(values: ReadonlyMap<ValueFlag, string>): Result<ParsedArguments, string> {
  const mode = values.get("--mode") ?? "serve";
  if (mode !== "serve" && mode !== "validate") {
    const why = mode === "init_only" ? "is not supported" : "is unknown";
    return fail(`--mode ${mode} ${why}: it is serve or validate.`);
  }
  const concurrency = numberOf(values, "--concurrency", availableParallelism());
  if (!concurrency.ok) return concurrency;
  const grace = numberOf(values, "--shutdown-grace-s", 5);
  if (!grace.ok) return grace;
  const logLevel = levelOf(values.get("--log-level") ?? "info", "--log-level");
  if (!logLevel.ok) return logLevel;
  const components = componentLevelsOf(values.get("--component-log-level"));
  if (!components.ok) return components;
  const empty = [...values].find(([, value]) => value === "");
  if (empty !== undefined) return fail(`${empty[0]} has an empty value.`);
  if (!values.has("--config-path") && !values.has("--config-yaml")) {
    return fail("No configuration: give -c <file>, or --config-yaml <text>.");
  }
  return {
    ok: true,
    value: {
      kind: "run",
      options: {
        configPath: values.get("--config-path"),
        configYaml: values.get("--config-yaml"),
        mode,
        // Envoy takes 0 for 1, too.
        concurrency: Math.min(Math.max(concurrency.value, 1), maxWorkers),
        logLevel: logLevel.value,
        componentLogLevels: components.value,
        logPath: values.get("--log-path"),
        serviceNode: values.get("--service-node"),
        serviceCluster: values.get("--service-cluster"),
        adminAddressPath: values.get("--admin-address-path"),
        shutdownGraceMs: grace.value * 1000,
      },
    },
  };
}

/** Largest values, so that a slip of the finger is noticed. */
const limits = { "--concurrency": maxWorkers, "--shutdown-grace-s": 86_400 };

function numberOf(
  values: ReadonlyMap<ValueFlag, string>,
  flag: keyof typeof limits,
  fallback: number,
): Result<number, string> {
  const text = values.get(flag);
  if (text === undefined) return { ok: true, value: fallback };
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value <= limits[flag])) {
    return fail(`${flag} '${text}' is not a whole number from 0 to ${limits[flag]}.`);
  }
  return { ok: true, value };
}

function levelOf(text: string, flag: string): Result<LogLevel, string> {
  const level = parseLogLevel(text, true);
  if (level !== undefined) return { ok: true, value: level };
  const near = closest(text.toLowerCase(), logLevels);
  const hint = near === undefined ? `one of ${logLevels.join(", ")}` : `perhaps ${near}`;
  return fail(`${flag}: there is no log level '${text}'; ${hint}.`);
}

function componentLevelsOf(text: string | undefined): Result<ComponentLogLevel[], string> {
  const list: ComponentLogLevel[] = [];
  for (const entry of text?.split(",") ?? []) {
    const [component = "", levelText, ...rest] = entry.split(":");
    if (component === "" || levelText === undefined || rest.length > 0) {
      return fail(`--component-log-level: '${entry}' is not of the form component:level.`);
    }
    if (!logComponents.includes(component)) {
      const near = closest(component, logComponents);
      const hint = near === undefined ? "" : ` Did you mean ${near}?`;
      return fail(`--component-log-level: there is no component '${component}'.${hint}`);
    }
    const level = levelOf(levelText, "--component-log-level");
    if (!level.ok) return level;
    list.push({ component, level: level.value });
  }
  return { ok: true, value: list };
}

function fail(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
