import { availableParallelism } from "node:os";
import { closest } from "../common/closest.ts";
import { logComponents, logLevels, parseLogLevel } from "../common/log/levels.ts";
import type { LogLevel } from "../contracts/log.ts";
import type { Result } from "../contracts/result.ts";
import { commands } from "./commands.ts";
import { refusedFlags, switches, valueFlags } from "./flags.ts";
import { maxWorkers, type ComponentLogLevel, type ServerOptions } from "./options.ts";
import { fail, scanFlags, unknownFlag } from "./scan-flags.ts";

/** What a command line asks for, when it is well formed. */
export type ParsedArguments =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly options: ServerOptions };

/** Reads the arguments after the program's name. An error is one sentence for the user. */
export function parseArguments(args: readonly string[]): Result<ParsedArguments, string> {
  const scanned = scanFlags(args, serverFlags, refusal);
  if (!scanned.ok) return scanned;
  const { values, help } = scanned.value;
  if (help) return { ok: true, value: { kind: "help" } };
  if (values.has("--version")) return { ok: true, value: { kind: "version" } };
  return optionsOf(values);
}

const serverFlags = [...valueFlags, ...switches] as const;
type ServerFlag = (typeof serverFlags)[number]["name"];

/** What is wrong with an argument that is none of the flags. */
function refusal(given: string, arg: string): string {
  const reason = refusedFlags.get(given);
  if (reason !== undefined) return `Sluice does not support Envoy's flag ${given}: ${reason}.`;
  if (given.startsWith("-")) return unknownFlag(given, serverFlags, arg);
  const command = closest(
    given,
    commands.map(({ name }) => name),
  );
  if (command !== undefined) return `There is no command ${given}. Did you mean ${command}?`;
  return `'${given}' is not a flag. The configuration file is given with -c ${given}.`;
}

/** Reads the values. */
function optionsOf(values: ReadonlyMap<ServerFlag, string>): Result<ParsedArguments, string> {
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
  values: ReadonlyMap<ServerFlag, string>,
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
