import { readFileSync } from "node:fs";
import { callbacks, hostcalls, wasiFunctions } from "@sluice/abi";
import { type CommandFlag, fail, flagRows, scanFlags } from "../../cli/scan-flags.ts";
import { fileProblem, unreadable } from "../../common/file-problem.ts";
import type { Result } from "../../contracts/result.ts";
import type { ServerAddress } from "../proxy/bootstrap-text.ts";
import { filterFile, filterName } from "../../filter-source/filter-file.ts";

/** What kind of filter is run. */
export type DevPlace = "http" | "network" | "listener" | "access-log";

const devPlaces: readonly DevPlace[] = ["http", "network", "listener", "access-log"];

/** What `sluice dev` is asked to do. */
export interface DevCommand {
  /** In the order of the chain; names differ. */
  readonly filters: readonly { readonly name: string; readonly file: string }[];
  /** Undefined: as its callbacks say, HTTP before others. */
  readonly place: DevPlace | undefined;
  readonly port: number;
  /** Undefined: any that is free. */
  readonly adminPort: number | undefined;
  /** Undefined: a server that answers with what it is asked. */
  readonly upstream: ServerAddress | undefined;
  /** What filters call, by the name of the cluster. */
  readonly clusters: ReadonlyMap<string, ServerAddress>;
  readonly configuration: string | undefined;
  /** Host calls that modules may make; undefined: all. */
  readonly allowed: readonly string[] | undefined;
  /** Whether each call is shown, or how many there were. */
  readonly calls: boolean;
  /** Whether all headers are shown, or what is different. */
  readonly headers: boolean;
  /** Whether the proxy's whole log is shown. */
  readonly log: boolean;
}

export const devPortDefault = 10_000;

/** Flags of `sluice dev`. */
export const devFlags = [
  {
    name: "--as",
    value: "http|network|listener|access-log",
    help: "What a module is, when it has callbacks of several kinds. Default: http.",
  },
  { name: "--port", value: "<n>", help: "Port of the proxy. Default: 10000." },
  { name: "--admin-port", value: "<n>", help: "Port of its admin. Default: any that is free." },
  {
    name: "--upstream",
    value: "<ip:port>",
    help: "The server behind the proxy. Default: one that answers with what it is asked.",
  },
  {
    name: "--clusters",
    value: "<list>",
    help: "What filters call, as name=ip:port with commas. Default: none but the cluster upstream.",
  },
  {
    name: "--configuration",
    value: "<text>",
    help: "The plugin's configuration; @<file> reads it from a file. For one module.",
  },
  {
    name: "--allow",
    value: "<names>",
    help: "Host calls that the module may make, with commas; '' for none. Default: all.",
  },
  { name: "--calls", help: "Show each call with arguments, result and time." },
  { name: "--headers", help: "Show all headers, not only those that change." },
  { name: "--log", help: "Show the proxy's whole log." },
] as const satisfies readonly CommandFlag[];

export const devUsage = "usage: sluice dev <file> [<file> ...] [flags]";

/** What `sluice dev --help` prints. */
export function devHelp(): string {
  return [
    devUsage,
    "",
    "Runs a filter (.ts, .lua or .wasm, or a folder with one) in a proxy in front of a server that answers with what it",
    "is asked, swaps it whenever it is saved, and prints what it changes of each request. Several HTTP filters run one",
    "after the other. A network or listener filter has bytes instead of requests; the next connection sees what is saved.",
    "",
    ...flagRows(devFlags),
    "",
  ].join("\n");
}

/** Reads the arguments behind `dev`. An error is one sentence for the user. */
export function parseDevArguments(args: readonly string[]): Result<DevCommand | "help", string> {
  const scanned = scanFlags(args, devFlags);
  if (!scanned.ok) return scanned;
  const { operands, values, help } = scanned.value;
  if (help) return { ok: true, value: "help" };
  const filters = filtersOf(operands);
  if (!filters.ok) return filters;
  const port = portOf(values, "--port");
  if (!port.ok) return port;
  const adminPort = portOf(values, "--admin-port");
  if (!adminPort.ok) return adminPort;
  const place = placeOf(values.get("--as"), filters.value.length);
  if (!place.ok) return place;
  const upstream = upstreamOf(values.get("--upstream"));
  if (!upstream.ok) return upstream;
  const clusters = clustersOf(values.get("--clusters"));
  if (!clusters.ok) return clusters;
  const configuration = configurationOf(values.get("--configuration"), filters.value);
  if (!configuration.ok) return configuration;
  const allowed = allowedOf(values.get("--allow"), filters.value);
  if (!allowed.ok) return allowed;
  return {
    ok: true,
    value: {
      filters: filters.value,
      place: place.value,
      port: port.value ?? devPortDefault,
      adminPort: adminPort.value,
      upstream: upstream.value,
      clusters: clusters.value,
      configuration: configuration.value,
      allowed: allowed.value,
      calls: values.has("--calls"),
      headers: values.has("--headers"),
      log: values.has("--log"),
    },
  };
}

function allowedOf(
  text: string | undefined,
  filters: DevCommand["filters"],
): Result<DevCommand["allowed"], string> {
  if (text === undefined) return { ok: true, value: undefined };
  if (filters.every(isScript)) return fail("--allow is for modules; a script asks for nothing.");
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const unknown = names.find((name) => !Object.hasOwn(hostcalls, name) && !isOther(name));
  if (unknown === undefined) return { ok: true, value: names };
  return fail(`--allow: there is no host call '${unknown}': they are called as proxy_log is.`);
}

function isScript({ file }: DevCommand["filters"][number]): boolean {
  return file.endsWith(".lua");
}

/** Callbacks are allowed as it is, and may be said. */
function isOther(name: string): boolean {
  return Object.hasOwn(wasiFunctions, name) || Object.hasOwn(callbacks, name);
}

function filtersOf(operands: readonly string[]): Result<DevCommand["filters"], string> {
  if (operands.length === 0) {
    return fail("Which filter? Give a .ts, .lua or .wasm file, or a folder with one.");
  }
  const filters: { name: string; file: string }[] = [];
  for (const operand of operands) {
    const file = filterFile(operand);
    if (!file.ok) return file;
    const problem = unreadable(file.value);
    if (problem !== undefined) return fail(problem);
    const name = filterName(file.value);
    const count = filters.filter((other) => other.name.replace(/-\d+$/, "") === name).length;
    filters.push({ name: count === 0 ? name : `${name}-${count + 1}`, file: file.value });
  }
  return { ok: true, value: filters };
}

function placeOf(text: string | undefined, filters: number): Result<DevPlace | undefined, string> {
  if (text === undefined) return { ok: true, value: undefined };
  const place = devPlaces.find((each) => each === text);
  if (place === undefined) return fail(`--as '${text}' is unknown: it is ${devPlaces.join(", ")}.`);
  if (place !== "http" && filters > 1) return fail(`--as ${place} is for one filter.`);
  return { ok: true, value: place };
}

/** What a flag that chooses a port says. */
export function portOf(
  values: ReadonlyMap<string, string>,
  flag: string,
): Result<number | undefined, string> {
  const text = values.get(flag);
  if (text === undefined) return { ok: true, value: undefined };
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) {
    return { ok: true, value: Number(text) };
  }
  return fail(`${flag} '${text}' is not a port: give a number from 1 to 65535.`);
}

function upstreamOf(text: string | undefined): Result<DevCommand["upstream"], string> {
  if (text === undefined) return { ok: true, value: undefined };
  const address = addressOf(text);
  if (address !== undefined) return { ok: true, value: address };
  return fail(`--upstream '${text}' is not an address: give ip:port, such as 127.0.0.1:8080.`);
}

function clustersOf(text: string | undefined): Result<DevCommand["clusters"], string> {
  const clusters = new Map<string, ServerAddress>();
  for (const entry of text?.split(",") ?? []) {
    const [, name = "", server = ""] = /^ *([\w.-]+)=(\S+) *$/.exec(entry) ?? [];
    const address = addressOf(server);
    if (address === undefined) {
      return fail(`--clusters: '${entry}' is not name=ip:port, such as auth=127.0.0.1:9000.`);
    }
    if (name === "upstream" || clusters.has(name)) {
      return fail(`--clusters: there is a cluster '${name}' already: give this one another name.`);
    }
    clusters.set(name, address);
  }
  return { ok: true, value: clusters };
}

function addressOf(text: string): ServerAddress | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return { host: match[1] ?? match[2]!, port };
}

function configurationOf(
  text: string | undefined,
  filters: DevCommand["filters"],
): Result<string | undefined, string> {
  if (text === undefined) return { ok: true, value: undefined };
  if (filters.length > 1) return fail("--configuration is for one filter; there are several.");
  if (filters.every(isScript)) return fail("--configuration is for a module; a script has none.");
  if (!text.startsWith("@")) return { ok: true, value: text };
  try {
    return { ok: true, value: readFileSync(text.slice(1), "utf8") };
  } catch (error) {
    return fail(`--configuration @${fileProblem(text.slice(1), error)}`);
  }
}
