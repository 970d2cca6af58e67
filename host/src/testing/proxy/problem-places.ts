import { existsSync } from "node:fs";
import type { Place, Problem } from "../../config/problem.ts";
import { scriptProblem } from "../../filter-source/build-filter.ts";
import { placeWithin } from "../suite/map-reader.ts";
import type { FilterEntry, Settings, Suite, TestCase } from "../suite/suite.ts";

/** Where in a generated configuration the filters of a suite stand. */
const chains = [
  { name: "http", pattern: /\.http_filters\[(\d+)\]/ },
  { name: "loggers", pattern: /\.access_log\[(\d+)\]/ },
  { name: "listener", pattern: /\.listener_filters\[(\d+)\]/ },
  { name: "network", pattern: /\.filters\[(\d+)\]/ },
] as const;

/** A problem of the generated configuration, as a problem of the suite that it was made from. */
export function problemPlaces(suite: Suite, test: TestCase, problem: Problem): Problem {
  const entry = entryOf(suite, problem.path);
  if (entry === undefined) {
    const place = settingPlace(test.settings, problem.path);
    return { ...problem, ...(place ?? { file: suite.file, line: 0, column: 0 }) };
  }
  const inFilter = /typed_config\.(?!http_filters)([^\s]*)$/.exec(problem.path)?.[1] ?? "";
  const path = inFilter === "" ? entry.place.path : `${entry.place.path}: ${inFilter}`;
  return { ...problem, ...entry.place, path, text: `${problem.text}${placeInScript(entry)}` };
}

/** Where in the suite's node or routes it stands. */
function settingPlace({ node, routes }: Settings, path: string): Place | undefined {
  const found = /^node\b(.*)$|\.virtual_hosts\[0\]\.routes(\[.*)$/.exec(path);
  if (found === null) return undefined;
  const value = found[1] === undefined ? routes : node;
  return value && placeWithin(value, found[1] ?? found[2]!);
}

/** Where in its file a script does not compile, on a line of its own; empty: it does, or it is none. */
function placeInScript(entry: FilterEntry): string {
  if (entry.kind !== "lua" || !existsSync(entry.file)) return "";
  const problem = scriptProblem(entry.file);
  return problem === undefined ? "" : `\n${problem}`;
}

function entryOf(suite: Suite, path: string): FilterEntry | undefined {
  const service = /^bootstrap_extensions\[(\d+)\]/.exec(path);
  // The first one is our own.
  if (service !== null) return suite.chains.services[Number(service[1]) - 1];
  for (const { name, pattern } of chains) {
    const found = pattern.exec(path);
    if (found !== null) return suite.chains[name][Number(found[1])];
  }
  return undefined;
}
