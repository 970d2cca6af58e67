import {
  type AttributeObject,
  attributes,
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_RESPONSE_HEADERS,
  MAP_HTTP_RESPONSE_TRAILERS,
  stateObjects,
  type TopLevelAttribute,
} from "@sluice/abi";
import type { Address } from "../../../../contracts/address.ts";
import type { StreamInfo } from "../../../../contracts/stream-info.ts";
import type { Context } from "../context.ts";
import { requestAttributes, responseAttributes } from "./http.ts";
import { metadataValue } from "./messages.ts";
import { addressAttributes, connectionAttributes, upstreamAttributes } from "./peers.ts";
import { stateProperty, stateValue } from "../filter-state.ts";
import { byteText, encodeValue, integer, partOf, type Value } from "./value.ts";
import { clusterOf, xdsAttributes } from "./xds.ts";

/** For what exists but has no form of its own: `request` as a whole, a message that is not set. */
export const notSerializable = Symbol("not serializable");

/** A value as the guest gets it: text of one character per byte, or bytes; undefined: there is none. */
export type Attribute = string | Uint8Array | typeof notSerializable | undefined;

/** The attribute at `path`, which is not empty. */
export function getAttribute(context: Context, path: readonly string[]): Attribute {
  const value = attributeValue(context, path);
  if (value === undefined || value === notSerializable) return value;
  return encodeValue(value) ?? notSerializable;
}

/** The same before it is encoded. */
export function attributeValue(
  context: Context,
  path: readonly string[],
): Value | typeof notSerializable | undefined {
  const object = path[0]!;
  if (isObject(object)) return inObject(context, object, path);
  if (isStateObject(object)) return inState(context, object, path);
  const top = Object.hasOwn(topLevel, object) ? topLevel[object as TopLevelAttribute] : undefined;
  const root = top === undefined ? stateProperty(context, object) : top(context);
  return partOf(root, path, 1);
}

const topLevel: Readonly<Record<TopLevelAttribute, (context: Context) => Value | undefined>> = {
  plugin_name: (context) => byteText(settingsOf(context).name),
  plugin_root_id: (context) => byteText(settingsOf(context).rootId),
  plugin_vm_id: (context) => byteText(settingsOf(context).vm.vmId),
  connection_id: (context) => integer(context.streamInfo?.connectionId),
};

const settingsOf = (context: Context) => (context.root?.plugin ?? context.vm.plugin).settings;

function isObject(name: string): name is AttributeObject {
  return Object.hasOwn(attributes, name);
}

function isStateObject(name: string): name is (typeof stateObjects)[number] {
  return (stateObjects as readonly string[]).includes(name);
}

function inObject(
  context: Context,
  object: AttributeObject,
  path: readonly string[],
): Value | typeof notSerializable | undefined {
  const stream = context.streamInfo;
  if (object === "xds") {
    if (path.length === 1) return notSerializable;
    return partOf(named(xdsAttributes, path[1]!)?.(context, stream), path, 2);
  }
  if (stream === undefined) return undefined;
  if (object === "metadata") {
    const dynamic = stream.dynamicMetadata;
    return partOf(metadataValue(dynamic === undefined ? {} : Object.fromEntries(dynamic)), path, 1);
  }
  if (path.length === 1) return notSerializable;
  return partOf(ofStream(context, stream, object, path[1]!), path, 2);
}

/** The attribute of an object that tells of the stream. */
function ofStream(
  context: Context,
  stream: StreamInfo,
  object: Exclude<AttributeObject, "xds" | "metadata">,
  name: string,
): Value | undefined {
  switch (object) {
    case "request": {
      const headers = context.readableMap(MAP_HTTP_REQUEST_HEADERS);
      return named(requestAttributes, name)?.({ stream, headers });
    }
    case "response": {
      const headers = context.readableMap(MAP_HTTP_RESPONSE_HEADERS);
      const trailers = context.readableMap(MAP_HTTP_RESPONSE_TRAILERS);
      return named(responseAttributes, name)?.({ stream, headers, trailers });
    }
    case "source":
      return ofAddress(stream.downstreamRemoteAddress, name);
    case "destination":
      return ofAddress(stream.downstreamLocalAddress, name);
    case "connection":
      return named(connectionAttributes, name)?.({ stream, ssl: context.ssl });
    case "upstream": {
      const get = named(upstreamAttributes, name);
      const endpoints = name === "num_endpoints" ? clusterOf(context)?.hostCount : undefined;
      const info = stream.upstreamInfo;
      return get?.({ info, ssl: info?.ssl, endpoints });
    }
  }
}

function ofAddress(address: Address | undefined, name: string): Value | undefined {
  return address && named(addressAttributes, name)?.(address);
}

function named<Get>(table: Readonly<Record<string, Get>>, name: string): Get | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** `filter_state.<key>` */
function inState(
  context: Context,
  object: (typeof stateObjects)[number],
  path: readonly string[],
): Value | typeof notSerializable | undefined {
  const stream = context.streamInfo;
  // Filters of upstream connections keep no state here; Envoy has theirs from when the connection is made.
  const exists =
    object === "filter_state"
      ? stream !== undefined
      : stream?.upstreamInfo?.localAddress !== undefined;
  if (!exists) return undefined;
  if (path.length === 1) return notSerializable;
  const state = object === "filter_state" ? stream!.filterState : undefined;
  return partOf(stateValue(state?.get(path[1]!)), path, 2);
}
