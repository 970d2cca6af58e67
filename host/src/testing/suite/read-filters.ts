import { existsSync } from "node:fs";
import path from "node:path";
import { callbacks, hostcalls, wasiFunctions } from "@sluice/abi";
import type { ReadContext } from "./content.ts";
import { jsonMapOf, jsonOf, listOf, MapReader, textOf, type Value } from "./map-reader.ts";
import {
  entriesOf,
  type FilterChains,
  type FilterEntry,
  type GuestEntry,
  type VmEntry,
} from "./suite.ts";

/** The three chains of a suite. */
export function readChains(reader: MapReader, context: ReadContext): FilterChains {
  const chain = (name: string): FilterEntry[] => {
    const list = reader.list(name) ?? [];
    const value = reader.get(name);
    if (value?.node.kind === "list" && list.length === 0) {
      reader.error(value, "is empty: list what is to run, or leave it out");
    }
    return list.flatMap((each) => readFilter(each, context) ?? []);
  };
  const chains = {
    http: chain("filters"),
    network: chain("network_filters"),
    listener: chain("listener_filters"),
    loggers: chain("access_loggers"),
    services: chain("services"),
  };
  const entries = entriesOf(chains);
  if (entries.length === 0 && !context.problems.failed) {
    reader.error(reader, "has no filters: list them under filters, each with its file");
  }
  if (chains.http.length > 0 && chains.network.length > 0) {
    const value = reader.get("network_filters")!;
    reader.error(
      value,
      "cannot stand beside filters: HTTP filters and network filters have suites of their own",
    );
  }
  checkNames(entries, context);
  for (const entry of [
    ...chains.network,
    ...chains.listener,
    ...chains.loggers,
    ...chains.services,
  ]) {
    if (entry.kind === "lua") {
      context.problems.error(entry.place, "Lua scripts are HTTP filters: list it under filters");
    }
  }
  return chains;
}

function checkNames(entries: readonly FilterEntry[], { problems }: ReadContext): void {
  const seen = new Set<string>();
  for (const { name, place } of entries) {
    if (seen.has(name)) {
      problems.error(place, `there is a filter "${name}" already; give this one another name`);
    }
    seen.add(name);
  }
}

function readFilter(value: Value, context: ReadContext): FilterEntry | undefined {
  const reader = new MapReader(value, context.problems);
  const typed = reader.get("typed_config");
  const file = reader.get("file");
  if (typed !== undefined) {
    const name = reader.text("name");
    if (name === undefined) reader.error(value, "needs a name beside typed_config");
    if (file !== undefined) reader.error(file, "cannot stand beside typed_config");
    reader.end();
    const typedConfig = jsonMapOf(typed, context.problems);
    return { kind: "native", name: name ?? "", place: value.place, typedConfig };
  }
  if (file === undefined) {
    if (value.node.kind === "map") {
      reader.get("name");
      reader.error(value, 'needs a file (.wasm, .lua or .ts), or typed_config with "@type"');
    } else reader.end();
    return undefined;
  }
  return readGuest(reader, file, context);
}

function readGuest(reader: MapReader, value: Value, context: ReadContext): GuestEntry | undefined {
  const file = path.resolve(context.folder, textOf(value, context.problems));
  const extension = path.extname(file);
  if (![".wasm", ".lua", ".ts"].includes(extension)) {
    reader.error(value, `"${path.basename(file)}" is no filter: give a .wasm, .lua or .ts file`);
  } else if (!existsSync(file)) {
    const mend = extension === ".wasm" ? "; build it first" : "";
    reader.error(value, `there is no file ${file}${mend}`);
  }
  const configuration = reader.get("configuration");
  const kind = extension === ".lua" ? "lua" : "wasm";
  const vm = reader.get("vm");
  const entry: GuestEntry = {
    kind,
    name: reader.text("name") ?? nameOf(file),
    place: value.place,
    file,
    configuration: configuration && jsonOf(configuration.node),
    rootId: reader.text("root_id") ?? "",
    vm: readVm(vm, context),
    failurePolicy:
      reader.oneOf("failure_policy", ["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"]) ?? "FAIL_CLOSED",
    stopIteration: reader.flag("stop_iteration"),
  };
  if (kind === "lua") checkLua(reader, configuration);
  reader.end();
  return entry;
}

/** `assembly/index.ts` is called as the folder around it. */
function nameOf(file: string): string {
  const name = path.basename(file, path.extname(file));
  if (name !== "index") return name;
  const folder = path.dirname(file);
  return path.basename(path.basename(folder) === "assembly" ? path.dirname(folder) : folder);
}

function checkLua(reader: MapReader, configuration: Value | undefined): void {
  for (const name of ["root_id", "vm", "failure_policy", "stop_iteration"]) {
    const value = reader.get(name);
    if (value !== undefined)
      reader.error(value, `${name} is for Wasm modules, not for Lua scripts`);
  }
  if (configuration !== undefined && configuration.node.kind !== "map") {
    reader.error(
      configuration,
      "a Lua filter's configuration is its filter context: a group of fields",
    );
  }
}

function readVm(value: Value | undefined, { problems }: ReadContext): VmEntry {
  if (value === undefined) {
    return { id: "", configuration: undefined, environment: {}, capabilities: undefined };
  }
  const reader = new MapReader(value, problems);
  const configuration = reader.get("configuration");
  const environment = reader.group("environment")?.all() ?? [];
  const capabilities = reader.get("capabilities");
  const vm: VmEntry = {
    id: reader.text("id") ?? "",
    configuration: configuration && jsonOf(configuration.node),
    environment: Object.fromEntries(environment.map((each) => [each.name, textOf(each, problems)])),
    capabilities: capabilities && readCapabilities(capabilities, problems),
  };
  reader.end();
  return vm;
}

/** What a list of capabilities can name. */
export const knownCapabilities: ReadonlySet<string> = new Set([
  ...Object.keys(callbacks),
  ...Object.keys(hostcalls),
  ...Object.keys(wasiFunctions),
]);

function readCapabilities(list: Value, problems: ReadContext["problems"]): string[] {
  const names = listOf(list, problems).map((each) => {
    const name = textOf(each, problems);
    if (!knownCapabilities.has(name)) {
      const text = `"${name}" is no capability: name host calls and callbacks, as proxy_log or proxy_on_request_headers`;
      problems.error(each.place, text);
    }
    return name;
  });
  if (!names.some((name) => Object.hasOwn(callbacks, name))) {
    const text =
      "no callback is among them, so nothing of the module would ever run: add those that it has, as proxy_on_request_headers";
    problems.error(list.place, text);
  }
  return names;
}
