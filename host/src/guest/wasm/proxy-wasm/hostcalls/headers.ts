import {
  MAP_HTTP_CALL_RESPONSE_TRAILERS,
  MAP_HTTP_RESPONSE_TRAILERS,
  pairsByteLength,
  STATUS_BAD_ARGUMENT,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
  writePairs,
} from "@sluice/abi";
import type { HeaderName } from "../../../../common/headers/header-name.ts";
import {
  invalidName,
  readFieldName,
  readFieldValue,
} from "../../../../common/headers/read-field.ts";
import type { HeaderMap } from "../../../../contracts/headers.ts";
import { advise, entryRefused, headerNameMend, mapUnavailable } from "../advice.ts";
import {
  headerNameOf,
  joinsValues,
  mayStand,
  mayStandThere,
  nameInMap,
  nameMax,
} from "../guest-names.ts";
import { beyondLimit, pairsOf } from "../input-limits.ts";
import type { WasmVm } from "../vm.ts";

function isMapType(type: number): boolean {
  return type >>> 0 <= MAP_HTTP_CALL_RESPONSE_TRAILERS;
}

/** The name there, as this map holds it; undefined when it lies outside the memory. */
function readName(vm: WasmVm, type: number, pointer: number, size: number): HeaderName | undefined {
  if (!vm.memory.contains(pointer, size)) return undefined;
  if (size >>> 0 > nameMax) return invalidName;
  const start = pointer >>> 0;
  return nameInMap(type, readFieldName(vm.memory.bytes, start, start + (size >>> 0)));
}

/** The value there, which lies inside the memory; undefined when it may not stand in a message. */
function readValue(vm: WasmVm, pointer: number, size: number): string | undefined {
  if (size >>> 0 > vm.plugin.limits.inputs.headerBytes) {
    beyondLimit(vm, "max_header_bytes", `a value of ${size >>> 0} bytes is refused`);
    return undefined;
  }
  const start = pointer >>> 0;
  return readFieldValue(vm.memory.bytes, start, start + (size >>> 0));
}

/** A name that no header has. */
function nameUnknown(vm: WasmVm, name: string): void {
  const mend = headerNameMend(name);
  if (mend !== undefined) advise(vm, `name ${name}`, () => mend);
}

/** Adds what may stand there as Envoy does: joined to what is there, for names that stand once. */
export function addTo(headers: HeaderMap, name: HeaderName, value: string): void {
  if (joinsValues(name)) headers.append(name.text, value);
  else headers.addNamed(name, value);
}

/** `proxy_get_header_map_size(map, size_out)`: bytes of all names and values of a map that can be changed now. */
export function getHeaderMapSize(vm: WasmVm, map: number, sizeOut: number): number {
  const context = vm.acting;
  const isChangeable = map >>> 0 <= MAP_HTTP_RESPONSE_TRAILERS && !context.logging;
  const headers = isChangeable ? context.readableMap(map) : undefined;
  if (headers === undefined) return mapUnavailable(vm, map);
  const written = vm.memory.setU32(sizeOut, headers.byteSize);
  return written ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_get_header_map_pairs(map, pairs_out)`: nothing when the map is not available. */
export function getHeaderMapPairs(
  vm: WasmVm,
  map: number,
  pointerOut: number,
  sizeOut: number,
): number {
  if (!isMapType(map)) return STATUS_BAD_ARGUMENT;
  const headers = vm.acting.readableMap(map);
  if (headers === undefined || headers.size === 0)
    return vm.heap.writeRange(0, 0, pointerOut, sizeOut);
  const length = pairsByteLength(headers);
  const pointer = vm.heap.allocate(length);
  if (pointer === 0) return STATUS_INVALID_MEMORY_ACCESS;
  writePairs(headers, vm.memory.bytes, pointer);
  return vm.heap.writeRange(pointer, length, pointerOut, sizeOut);
}

/** `proxy_set_header_map_pairs(map, pairs)`: replaces all entries. */
export function setHeaderMapPairs(vm: WasmVm, map: number, pairs: number, size: number): number {
  if (!isMapType(map)) return STATUS_BAD_ARGUMENT;
  const bytes = vm.memory.copy(pairs, size);
  if (bytes === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const headers = vm.acting.writableMap(map);
  if (headers === undefined) return mapUnavailable(vm, map);
  const entries: [HeaderName, string][] = [];
  for (const [text, value] of pairsOf(vm, bytes)) {
    const name = nameInMap(map, headerNameOf(text));
    if (!mayStand(map, name, value)) return entryRefused(vm, text, value);
    entries.push([name, value]);
  }
  headers.clear();
  for (const [name, value] of entries) addTo(headers, name, value);
  vm.acting.mapChanged(map);
  return STATUS_OK;
}

/** `proxy_get_header_map_value(map, name, value_out)`: the first value. */
export function getHeaderMapValue(
  vm: WasmVm,
  map: number,
  name: number,
  nameSize: number,
  pointerOut: number,
  sizeOut: number,
): number {
  if (!isMapType(map)) return STATUS_BAD_ARGUMENT;
  const key = readName(vm, map, name, nameSize);
  if (key === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const context = vm.acting;
  const headers = context.readableMap(map);
  if (headers === undefined && !context.logging) return mapUnavailable(vm, map);
  const value = headers === undefined ? undefined : headers.getNamed(key);
  if (value !== undefined) return vm.heap.writeText(value, pointerOut, sizeOut);
  if (key === invalidName) nameUnknown(vm, vm.memory.latin1(name, nameSize)!);
  // 0.1.0 did not tell absent from empty.
  if (vm.plugin.module.abiVersion === "0.1.0") return vm.heap.writeRange(0, 0, pointerOut, sizeOut);
  return STATUS_NOT_FOUND;
}

/** `proxy_add_header_map_value(map, name, value)`. */
export function addHeaderMapValue(
  vm: WasmVm,
  map: number,
  name: number,
  nameSize: number,
  value: number,
  valueSize: number,
): number {
  if (!isMapType(map)) return STATUS_BAD_ARGUMENT;
  const key = readName(vm, map, name, nameSize);
  if (key === undefined || !vm.memory.contains(value, valueSize)) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  const context = vm.acting;
  const headers = context.writableMap(map);
  if (headers === undefined) return mapUnavailable(vm, map);
  const text = readValue(vm, value, valueSize);
  if (text === undefined || !mayStandThere(map, key, text)) {
    return entryRefused(vm, vm.memory.latin1(name, nameSize)!, text);
  }
  addTo(headers, key, text);
  context.mapChanged(map);
  return STATUS_OK;
}

/** `proxy_replace_header_map_value(map, name, value)`: one entry stays of this name. */
export function replaceHeaderMapValue(
  vm: WasmVm,
  map: number,
  name: number,
  nameSize: number,
  value: number,
  valueSize: number,
): number {
  if (!isMapType(map)) return STATUS_BAD_ARGUMENT;
  const key = readName(vm, map, name, nameSize);
  if (key === undefined || !vm.memory.contains(value, valueSize)) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  const context = vm.acting;
  const headers = context.writableMap(map);
  if (headers === undefined) return mapUnavailable(vm, map);
  const text = readValue(vm, value, valueSize);
  if (text === undefined || !mayStandThere(map, key, text)) {
    return entryRefused(vm, vm.memory.latin1(name, nameSize)!, text);
  }
  // As in Envoy, the one entry stands at the end.
  headers.removeNamed(key);
  addTo(headers, key, text);
  context.mapChanged(map);
  return STATUS_OK;
}

/** `proxy_remove_header_map_value(map, name)`: all entries of this name, Ok when there is none. */
export function removeHeaderMapValue(
  vm: WasmVm,
  map: number,
  name: number,
  nameSize: number,
): number {
  if (!isMapType(map)) return STATUS_BAD_ARGUMENT;
  const key = readName(vm, map, name, nameSize);
  if (key === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const context = vm.acting;
  const headers = context.writableMap(map);
  if (headers === undefined) return mapUnavailable(vm, map);
  headers.removeNamed(key);
  context.mapChanged(map);
  return STATUS_OK;
}
