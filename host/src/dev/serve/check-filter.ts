import { callbacks, wasiFunctions } from "@sluice/abi";
import type { BuiltFilter } from "../../filter-source/build-filter.ts";
import { inspectModule, type ModuleReport } from "../inspect/module-report.ts";

/** Says why a filter cannot run as an HTTP filter, and how to mend it; undefined: it can. */
export async function filterProblem(
  source: string,
  filter: BuiltFilter,
  allowed: readonly string[] | undefined,
): Promise<string | undefined> {
  if (filter.kind === "lua") return scriptProblem(source, filter.text);
  const inspected = await inspectModule(filter.bytes, "Sluice");
  if (!inspected.ok) return `${source}: ${inspected.error}`;
  const report = inspected.value;
  const [own] = report.hosts;
  const problem =
    own!.runs === "no"
      ? own!.reasons.join("\n    ")
      : (placeProblem(report) ?? capabilityProblem(report, allowed));
  return problem === undefined ? undefined : `${source}: ${problem}`;
}

function scriptProblem(source: string, text: string): string | undefined {
  if (/\benvoy_on_(request|response)\b/.test(text)) return undefined;
  return `${source}: the script has no hook, so nothing of it would ever run
    Define function envoy_on_request(handle) or function envoy_on_response(handle).`;
}

function placeProblem({ places }: ModuleReport): string | undefined {
  if (places.includes("HTTP filter") || places.includes("access logger")) return undefined;
  if (places.length === 0) {
    return `the module exports no callback, so nothing of it would ever run
    In AssemblyScript override a method such as onRequestHeaders; elsewhere export proxy_on_request_headers.`;
  }
  return `sluice dev runs HTTP filters, and the module is a ${places.join(" or ")}
    Test it with sluice test, or run it with a configuration of its own: sluice -c <file>.`;
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
