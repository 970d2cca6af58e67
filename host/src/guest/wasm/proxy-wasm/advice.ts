import {
  attributes,
  MAP_HTTP_CALL_RESPONSE_TRAILERS,
  STATUS_BAD_ARGUMENT,
  stateObjects,
  topLevelAttributes,
} from "@sluice/abi";
import { closest } from "../../../common/closest.ts";
import { nameMax } from "./guest-names.ts";
import type { WasmVm } from "./vm.ts";

// What is told an author whose host call fails by a mistake in the filter: a line of the log that names plugin,
// callback, host call and argument, and how to mend it. Each once per VM, or a busy filter would fill the log.

/** Lines that one VM gets. */
const linesMax = 64;
/** Characters of what a guest gave that are shown, and told apart by. */
const shownMax = 100;
const keyMax = 200;
const told = new WeakMap<WasmVm, Set<string>>();

/** Tells `text`, unless the VM has been told `key` of this call in this callback. */
export function advise(vm: WasmVm, key: string, text: () => string): void {
  const { callback, hostcall } = vm.running;
  const known = told.get(vm) ?? new Set<string>();
  told.set(vm, known);
  const place = `${callback} ${hostcall} ${key.slice(0, keyMax)}`;
  if (known.size >= linesMax || known.has(place)) return;
  known.add(place);
  const { name } = vm.acting.root?.plugin.settings ?? vm.plugin.settings;
  const where = callback === "" ? "" : ` in ${callback}`;
  vm.environment.logger.warning(`wasm: plugin "${name}": ${hostcall}${where}: ${text()}`);
}

/** `, did you mean "…"?` for the one of `candidates` that is near; else nothing. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const near = closest(word, candidates);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

/** By map type. */
const maps = [
  [
    "request headers",
    "from proxy_on_request_headers until it lets them go on, and in proxy_on_log",
  ],
  [
    "request trailers",
    "in proxy_on_request_trailers; they can be added at the end of the request body",
  ],
  [
    "response headers",
    "from proxy_on_response_headers until it lets them go on, and in proxy_on_log",
  ],
  [
    "response trailers",
    "in proxy_on_response_trailers; they can be added at the end of the response body",
  ],
  ["initial metadata of a gRPC call", "in proxy_on_grpc_receive_initial_metadata"],
  ["trailing metadata of a gRPC call", "in proxy_on_grpc_receive_trailing_metadata"],
  ["headers of a call's answer", "in proxy_on_http_call_response, and cannot be changed"],
  ["trailers of a call's answer", "in proxy_on_http_call_response, and cannot be changed"],
] as const;

/** BadArgument: the map is not there, or not to be changed. An answer without trailers is nobody's mistake. */
export function mapUnavailable(vm: WasmVm, type: number): number {
  const { callback, hostcall } = vm.running;
  const isAnswer = callback === "proxy_on_http_call_response" && hostcall.startsWith("proxy_get_");
  if (isAnswer && type === MAP_HTTP_CALL_RESPONSE_TRAILERS) return STATUS_BAD_ARGUMENT;
  advise(vm, `map ${type}`, () => {
    const [name, when] = maps[type] ?? [`map ${type}`, "never"];
    return `the ${name} are not available now: they are ${when}. Keep what is needed later, or pause there`;
  });
  return STATUS_BAD_ARGUMENT;
}

const pseudoHeaders = [":method", ":path", ":authority", ":scheme", ":status"];

/** BadArgument: `name: value` may not stand in the map. `value` undefined: it has bytes that no header has. */
export function entryRefused(vm: WasmVm, name: string, value: string | undefined): number {
  advise(vm, `entry ${name}`, () => {
    const mend = headerNameMend(name);
    if (mend !== undefined) return mend;
    if (value !== undefined && name.startsWith(":")) {
      return `"${printable(name)}: ${printable(value)}" cannot stand in this map`;
    }
    return `the value of "${printable(name)}" is too long, or has characters that no header may have (line breaks, controls); encode it`;
  });
  return STATUS_BAD_ARGUMENT;
}

/** What is wrong with a header's name; undefined: nothing. */
export function headerNameMend(name: string): string | undefined {
  if (name === ":host") return 'there is no ":host"; the host is in ":authority"';
  if (name.startsWith(":") && !pseudoHeaders.includes(name) && name !== ":protocol") {
    return `there is no pseudo header "${printable(name)}"${suggestion(name, pseudoHeaders)}`;
  }
  if (name.length <= nameMax && /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) return undefined;
  return `"${printable(name)}" is not the name of a header`;
}

/** What a guest gave, cut and on one line, to stand between quotation marks. */
export function printable(text: string): string {
  return JSON.stringify(text.slice(0, shownMax)).slice(1, -1).slice(0, shownMax);
}

/** Where attributes of old versions have gone. */
const moved: ReadonlyMap<string, string> = new Map(
  [
    "node",
    "cluster_name",
    "cluster_metadata",
    "listener_direction",
    "listener_metadata",
    "route_name",
    "route_metadata",
    "upstream_host_metadata",
  ].map((name) => [name, `xds.${name}`]),
);

const objects: Readonly<Record<string, object>> = attributes;
const topLevel = [...Object.keys(objects), ...stateObjects, ...Object.keys(topLevelAttributes)];

/** A path that is in no table: told, when it looks like one that is. */
export function unknownProperty(vm: WasmVm, path: readonly string[]): void {
  const mend = propertyMend(path);
  if (mend !== undefined) advise(vm, `path ${path.slice(0, 2).join(".")}`, () => mend);
}

function propertyMend(path: readonly string[]): string | undefined {
  const [first = "", second] = path;
  const place = moved.get(first);
  if (place !== undefined) return `there is no property "${first}"; it is ${partsText(place)}`;
  const names = Object.hasOwn(objects, first) ? objects[first] : undefined;
  if (names !== undefined) {
    if (second === undefined || Object.hasOwn(names, second)) return undefined;
    const near = closest(second, Object.keys(names));
    const mend = near === undefined ? "" : `; did you mean ${partsText(`${first}.${near}`)}?`;
    return `there is no property ${partsText(`${first}.${second}`)}${mend}`;
  }
  if (topLevel.includes(first)) return undefined;
  const dotted = first.split(".");
  if (dotted.length > 1 && topLevel.includes(dotted[0]!)) {
    return `the parts of a path are joined with zero bytes, not with dots: ${partsText(first)}`;
  }
  const near = closest(first, topLevel);
  return near === undefined
    ? undefined
    : `there is no property "${first}"; did you mean "${near}"?`;
}

function partsText(path: string): string {
  return `["${path.split(".").join('", "')}"]`;
}
