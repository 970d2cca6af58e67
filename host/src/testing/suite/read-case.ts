import type { ReadContext } from "./content.ts";
import type { KnownServers } from "./read-expectation.ts";
import { jsonOf, listOf, MapReader, type Value } from "./map-reader.ts";
import { readPlaced } from "./read-matcher.ts";
import { readServer } from "./read-servers.ts";
import { readSettings } from "./read-settings.ts";
import { readSteps } from "./read-steps.ts";
import {
  entriesOf,
  type FilterChains,
  type JsonValue,
  type ServerScript,
  type Settings,
  type TestCase,
} from "./suite.ts";

/** What cases are read with, besides their text. */
export interface CaseContext extends ReadContext {
  readonly chains: FilterChains;
  /** Of the suite. */
  readonly settings: Settings;
}

export function readCases(value: Value, context: CaseContext): TestCase[] {
  const cases = listOf(value, context.problems).map((each) => readCase(each, context));
  const seen = new Set<string>();
  for (const { name, place } of cases) {
    if (seen.has(name)) context.problems.error(place, `there is a case "${name}" already`);
    seen.add(name);
  }
  return cases;
}

function readCase(value: Value, context: CaseContext): TestCase {
  const reader = new MapReader(value, context.problems);
  const name = reader.text("name");
  if (name === undefined && value.node.kind === "map") reader.error(value, "needs a name");
  const settings = mergeSettings(context, reader);
  checkProtocol(reader, context.chains);
  const known: KnownServers = {
    names: new Set(settings.servers.keys()),
    bytes: context.chains.network.length > 0,
  };
  const expect = reader.group("expect");
  const refused = readPlaced(expect?.get("refused"), context.problems);
  const steps = readSteps(reader, expect, { ...context, known });
  if (refused === undefined && steps.length === 0 && !reader.has("steps") && name !== undefined) {
    reader.error(value, "does nothing: give a request, or steps");
  }
  if (expect !== undefined && refused !== undefined) checkRefused(reader, expect);
  expect?.end();
  const configurations = readConfigurations(reader.get("configuration"), context);
  reader.end();
  return { name: name ?? "", place: value.place, settings, configurations, steps, refused };
}

const notOfRefused = [
  "response",
  "upstream",
  "calls",
  "connection",
  "log",
  "no_log",
  "metrics",
  "metadata",
  "filter_state",
  "snapshot",
] as const;

/** Nothing else comes of a configuration that is refused. */
function checkRefused(reader: MapReader, expect: MapReader): void {
  for (const name of notOfRefused) {
    const value = expect.get(name);
    if (value === undefined) continue;
    reader.error(value, "can never be met: nothing else comes of a configuration that is refused");
  }
  const steps = reader.get("steps");
  if (steps === undefined) return;
  reader.error(steps, "can never be taken beside refused: there is no proxy then");
}

/** Where it means something. */
export function checkProtocol(reader: MapReader, { network }: FilterChains): void {
  const protocol = reader.get("protocol");
  if (protocol === undefined || network.length === 0) return;
  reader.error(protocol, "is for requests; network filters have bytes");
}

/** The case's own settings over the suite's; the server `upstream` is always there. */
function mergeSettings(context: CaseContext, reader: MapReader): Settings {
  const own = readSettings(reader, context);
  const { settings } = context;
  const upstream = reader.get("upstream");
  const servers = new Map<string, ServerScript>([
    ["upstream", { kind: "http", answers: [] }],
    ...settings.servers,
    ...own.servers,
  ]);
  if (upstream !== undefined) servers.set("upstream", readServer(upstream, context));
  return {
    clockMs: own.clockMs ?? settings.clockMs,
    client: own.client ?? settings.client,
    node: own.node ?? settings.node,
    routes: own.routes ?? settings.routes,
    servers,
    workers: own.workers ?? settings.workers,
    protocol: own.protocol ?? settings.protocol,
    budget: { ...settings.budget, ...definedOf(own.budget) },
    onlySluice: own.onlySluice || settings.onlySluice,
  };
}

function definedOf<T extends object>(value: T): Partial<T> {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** By name of a filter; where there is only one that takes a configuration, its alone. */
function readConfigurations(
  value: Value | undefined,
  { problems, chains }: CaseContext,
): Map<string, JsonValue> {
  const configurations = new Map<string, JsonValue>();
  if (value === undefined) return configurations;
  const guests = entriesOf(chains).filter(({ kind }) => kind !== "native");
  const names = guests.map(({ name }) => name);
  const fields = new MapReader(value, problems).all();
  for (const field of fields) {
    if (names.includes(field.name)) configurations.set(field.name, jsonOf(field.node));
    else {
      const list = names.join(", ");
      problems.error(field.place, `there is no filter "${field.name}"; there are ${list}`);
    }
  }
  return configurations;
}
