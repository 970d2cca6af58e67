import {
  logComponents,
  logLevels,
  type LogLevels,
  parseLogLevel,
} from "../../common/log/levels.ts";
import type { LogLevel } from "../../contracts/log.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, textResponse } from "./admin-request.ts";

const usage =
  "usage: /logging?<name>=<level> (change single level)\n" +
  "usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)\n" +
  "usage: /logging?level=<level> (change all levels)\n" +
  "usage: /logging?group=<group_name>:<level> (change group of loggers)\n" +
  `levels: ${logLevels.join(" ")} \n`;

/** `/logging`: shows the levels, and changes them on all threads at once. */
export function loggingPage(request: AdminRequest, deps: AdminDeps): AdminResponse {
  const error = change(request.params, deps.levels);
  if (error === undefined) return textResponse(200, activeLoggers(deps.levels));
  return textResponse(400, `error: ${error}\n\n${usage}${activeLoggers(deps.levels)}`);
}

function activeLoggers(levels: LogLevels): string {
  const lines = logComponents.map((name) => `  ${name}: ${levels.get(name)}\n`);
  return `active loggers:\n${lines.join("")}\n`;
}

/** Does all or nothing; the result says what was wrong. */
function change(params: ReadonlyMap<string, string>, levels: LogLevels): string | undefined {
  if (params.size === 0) return undefined;
  if (params.size > 1) return "invalid number of parameters";
  const [[name, value]] = params as unknown as readonly [readonly [string, string]];
  switch (name) {
    case "level":
      return value === "" ? undefined : changeAll(value, levels);
    case "paths":
      return value === "" ? undefined : changeSeveral(value.split(","), levels);
    case "group":
      return "group parameter requires fine-grain logging to be enabled";
    default:
      return changeChecked([[name, value]], levels);
  }
}

function changeAll(value: string, levels: LogLevels): string | undefined {
  const level = parseLogLevel(value);
  if (level === undefined) return "unknown logger level";
  levels.setAll(level);
  return undefined;
}

function changeSeveral(pairs: readonly string[], levels: LogLevels): string | undefined {
  const changes = pairs.map((pair) => pair.split(":"));
  if (changes.some(([name, value]) => !name || !value)) {
    return "empty logger name or empty logger level";
  }
  return changeChecked(changes as [string, string][], levels);
}

function changeChecked(
  changes: readonly (readonly [name: string, value: string])[],
  levels: LogLevels,
): string | undefined {
  const parsed: (readonly [name: string, level: LogLevel])[] = [];
  for (const [name, value] of changes) {
    const level = parseLogLevel(value);
    if (level === undefined) return "unknown logger level";
    if (!logComponents.includes(name)) return "unknown logger name";
    parsed.push([name, level]);
  }
  for (const [name, level] of parsed) levels.set(name, level);
  return undefined;
}
