import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { statsBelow } from "./admin-stats.ts";
import { countersByName, flushArguments, logged } from "./callout-recording.ts";
import { listenerPorts } from "./listener-ports.ts";
import { freePort } from "./ports.ts";
import { type Cleanup, scratchFolder, startSluice } from "./sluice-process.ts";

// HTTP filters that ask a service, each in a listener of its own, one request each.

interface Named {
  readonly name: string;
}

/** What log and counters say of one request. */
export interface Traces {
  readonly log: string;
  /** Counters that moved. */
  readonly stats: { readonly [name: string]: number };
}

export interface RequestScenario<Case extends Named, Outcome> {
  readonly cases: readonly Case[];
  /** How the filter is called in its stats. */
  readonly statName: string;
  /** With a listener for each case, called `listenerName`. */
  config(admin: number, log: string): JsonObject;
  /** Makes the request. */
  run(each: Case, port: number): Promise<Outcome>;
}

/** The case's name so that it can be part of a stat's; also its connection manager's `stat_prefix`. */
export function listenerName({ name }: Named): string {
  return name.replaceAll(/[^a-z0-9]+/gi, "_");
}

/** Each case has its own cluster, whose stats are its own, too. */
export function clusterName(each: Named): string {
  return `up-${listenerName(each)}`;
}

/** Runs the cases one by one against one proxy. */
export async function runRequestCases<Case extends Named, Outcome extends object>(
  cleanup: Cleanup,
  scenario: RequestScenario<Case, Outcome>,
): Promise<Map<string, Outcome & Traces>> {
  const { cases, statName } = scenario;
  const admin = await freePort();
  const log = path.join(scratchFolder(cleanup), "access.log");
  const config = scenario.config(admin, log);
  const sluice = await startSluice(cleanup, { config, args: flushArguments() });
  const ports = await listenerPorts(admin);
  const outcomes: Outcome[] = [];
  for (const each of cases) {
    outcomes.push(await scenario.run(each, ports.get(listenerName(each))!));
  }
  // Lines of a file are kept for a while: they are looked at when all is done.
  const lines = await logged(log, cases.length);
  const counters = countersByName(await stats(admin, statName), cases.map(listenerName));
  await sluice.stop("SIGKILL");
  return new Map(
    cases.map((each, i) => [
      each.name,
      { ...outcomes[i]!, log: lines[i]!, stats: counters.get(listenerName(each))! },
    ]),
  );
}

/** The filter's counters, and what it charges the route's cluster with. */
async function stats(admin: number, name: string): Promise<Map<string, number>> {
  const ofCluster = String.raw`^cluster\.up-[^.]+\.(internal\.|external\.)?upstream_rq_(completed|\d)`;
  return await statsBelow(admin, "", `${name}|${ofCluster}`);
}
