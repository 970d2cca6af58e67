import { ipAddress } from "../../common/address.ts";
import type { ReadContext } from "./content.ts";
import { jsonMapOf, MapReader, type Value } from "./map-reader.ts";
import { readServers } from "./read-servers.ts";
import { type Budget, protocols, type Settings } from "./suite.ts";

/** What may stand in a suite and in a case. */
export function readSettings(reader: MapReader, context: ReadContext): Settings {
  const node = reader.get("node");
  const routes = reader.get("routes");
  if (node !== undefined) jsonMapOf(node, context.problems);
  if (routes !== undefined && routes.node.kind !== "list") {
    reader.error(routes, "must be a list of routes, as in the configuration of the proxy");
  }
  return {
    clockMs: readClock(reader),
    client: readClient(reader),
    node,
    routes,
    servers: readServers(reader.get("servers"), context),
    workers: reader.whole("workers", 1, workersMax),
    protocol: reader.oneOf("protocol", protocols),
    budget: readBudget(reader.get("budget"), context),
    onlySluice: reader.oneOf("only", ["sluice"]) === "sluice",
  };
}

function readClock(reader: MapReader): number | undefined {
  const text = reader.text("clock");
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(ms)) return ms;
  reader.error(reader.get("clock")!, `'${text}' is not a time such as 2026-01-31T12:00:00Z`);
  return undefined;
}

function readClient(reader: MapReader): string | undefined {
  const text = reader.text("client");
  if (text === undefined || ipAddress(text, 1) !== undefined) return text;
  reader.error(reader.get("client")!, `'${text}' is not an IP address`);
  return undefined;
}

/** More would show nothing that these do not. */
const workersMax = 8;
const countMax = Number.MAX_SAFE_INTEGER;

function readBudget(value: Value | undefined, { problems }: ReadContext): Budget {
  if (value === undefined) return {};
  const reader = new MapReader(value, problems);
  const budget: Budget = {
    instructions: reader.whole("instructions", 0, countMax),
    hostCalls: reader.whole("host_calls", 0, countMax),
    allocations: reader.whole("allocations", 0, countMax),
    allocatedBytes: reader.whole("allocated_bytes", 0, countMax),
  };
  reader.end();
  return budget;
}
