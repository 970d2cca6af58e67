import { callbacks, wasiFunctions } from "@sluice/abi";
import type { BuiltFilter } from "../../filter-source/build-filter.ts";
import { idleScript, moduleIsIdle } from "../../filter-source/idle-filter.ts";
import { noModuleText } from "../inspect/no-module.ts";
import type { Place } from "../inspect/places.ts";
import { inspectModule, type ModuleReport } from "../inspect/module-report.ts";
import type { DevPlace } from "./dev-arguments.ts";

/** What a filter is to be. */
export interface FilterUse {
  /** Host calls that it may make; undefined: all. */
  readonly allowed: readonly string[] | undefined;
  readonly place: DevPlace;
}

/** Says why a filter cannot be used so, and how to mend it; undefined: it can. */
export async function filterProblem(
  source: string,
  filter: BuiltFilter,
  { allowed, place }: FilterUse,
): Promise<string | undefined> {
  if (filter.kind === "lua") return scriptProblem(source, filter.text, place);
  const inspected = await inspectModule(filter.bytes, "Sluice");
  if (!inspected.ok) {
    return `${source}: ${noModuleText(source, filter.bytes, inspected.error)}`;
  }
  const report = inspected.value;
  const [own] = report.hosts;
  const problem =
    own!.runs === "no"
      ? `${own!.reasons.join("\n    ")}${noVersionMend(report, source)}`
      : (placeProblem(report, place) ?? capabilityProblem(report, allowed));
  return problem === undefined ? undefined : `${source}: ${problem}`;
}

function noVersionMend({ abiVersion }: ModuleReport, source: string): string {
  if (abiVersion !== null) return "";
  return source.endsWith(".ts")
    ? "\n    Declare a class that extends HttpFilter, or another of @sluice/sdk-assemblyscript/assembly."
    : "\n    Build it with an SDK of Proxy-Wasm: that exports the version.";
}

function scriptProblem(source: string, text: string, place: DevPlace): string | undefined {
  if (place !== "http") return `${source}: scripts are HTTP filters: do without --as ${place}`;
  const idle = idleScript(text);
  return idle === undefined ? undefined : `${source}: ${idle}`;
}

const placeNames: { readonly [place in DevPlace]: Place } = {
  http: "HTTP filter",
  network: "network filter",
  listener: "listener filter",
  "access-log": "access logger",
};

function placeProblem({ places }: ModuleReport, place: DevPlace): string | undefined {
  const wanted = placeNames[place];
  if (places.includes(wanted)) return undefined;
  if (places.length === 0) return moduleIsIdle;
  return `the module is no ${wanted}; by its callbacks it can be: ${places.join(", ")}
    sluice dev runs filters and access loggers; others with a configuration of their own: sluice -c <file>.`;
}

function capabilityProblem(
  { customSections, imports }: ModuleReport,
  allowed: readonly string[] | undefined,
): string | undefined {
  if (allowed === undefined) return undefined;
  const content = customSections.find(({ name }) => name === "sluice.filter")?.content;
  const said = (content as { readonly capabilities?: unknown } | undefined)?.capabilities;
  // Other SDKs do not say what they use: what is imported may be.
  const wanted = Array.isArray(said)
    ? said.map(String)
    : imports.filter(({ group }) => group !== "other").map(({ name }) => name);
  const missing = wanted.filter((name) => !allowed.includes(name));
  if (missing.length === 0) return undefined;
  return `it asks for ${missing.join(", ")}, which --allow does not give
    Do without, or add: --allow ${[...allowed, ...missing].join(",")}`;
}

/** What a module is allowed, as the proxy is told: its callbacks count, too. */
export function capabilities(allowed: readonly string[] | undefined): string[] | undefined {
  if (allowed === undefined) return undefined;
  const starting = Object.keys(wasiFunctions).filter((name) => allowed.includes(name));
  return [...new Set([...Object.keys(callbacks), ...starting, ...allowed])];
}
