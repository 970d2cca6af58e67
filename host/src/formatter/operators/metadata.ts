import { CompoundState } from "../../common/filter-state-objects.ts";
import type { StreamInfo } from "../../contracts/stream-info.ts";
import { jsonText, toByteText } from "../byte-text.ts";
import {
  foreignText,
  jsonValue,
  type OperatorFactory,
  type OperatorTable,
  refuse,
  withArgument,
} from "../provider.ts";

type GetNamespace = (info: StreamInfo, namespace: string) => unknown;

/** `NAMESPACE:KEY*`: the struct of the namespace, or the value that the keys lead to. */
function metadataProvider(
  argument: string,
  maxLength: number | undefined,
  get: GetNamespace,
): ReturnType<OperatorFactory> {
  const [namespace = "", ...keys] = argument.split(":");
  const value = (info: StreamInfo): unknown => {
    let at = get(info, namespace);
    for (const key of keys) {
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
      at = (at as { readonly [key: string]: unknown })[key];
    }
    return at;
  };
  return { ok: true, value: jsonValue(value, maxLength) };
}

const dynamic: GetNamespace = (info, namespace) => info.dynamicMetadata?.get(namespace);

type Metadata = { readonly [namespace: string]: unknown };

/** Metadata that the configuration gave to something that the stream has met. */
const configured =
  (get: (info: StreamInfo) => Metadata | undefined): GetNamespace =>
  (info, namespace) => {
    const metadata = get(info);
    return metadata !== undefined && Object.hasOwn(metadata, namespace)
      ? metadata[namespace]
      : undefined;
  };
const upstreamHost = configured((info) => info.upstreamInfo?.host?.metadata);

const cluster = configured((info) => info.upstreamInfo?.clusterMetadata);

const metadataTypes = new Map([
  ["CLUSTER", cluster],
  ["DYNAMIC", dynamic],
  ["UPSTREAM_HOST", upstreamHost],
  ["ROUTE", configured((info) => info.route?.metadata)],
  ["VIRTUAL_HOST", configured((info) => info.route?.virtualHostMetadata)],
  ["LISTENER", configured((info) => info.listener?.metadata)],
]);
const otherMetadataTypes = ["LISTENER_FILTER_CHAIN"];

const metadata: OperatorFactory = (command) => {
  const colon = command.argument.indexOf(":");
  const type = colon < 0 ? command.argument : command.argument.slice(0, colon);
  const get = metadataTypes.get(type);
  if (get !== undefined) {
    const rest = colon < 0 ? "" : command.argument.slice(colon + 1);
    return metadataProvider(rest, command.maxLength, get);
  }
  if (!otherMetadataTypes.includes(type)) {
    return refuse(`${type} is not supported type of metadata`);
  }
  return refuse(`METADATA(${type}) is not supported; ${[...metadataTypes.keys()].join(", ")} are`);
};

/** What a filter state object looks like as JSON (`serializeAsProto`). */
function typed(value: unknown): unknown {
  if (value instanceof CompoundState) return undefined;
  if (!(value instanceof Uint8Array)) return serialized(value);
  const type = "type.googleapis.com/google.protobuf.BytesValue";
  return { "@type": type, value: Buffer.from(value).toString("base64") };
}

/** The same as text (`serializeAsString`), or as a field. */
function serialized(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "function" || typeof value === "symbol" ? undefined : value;
}

const filterState: OperatorFactory = (command) => {
  const [key = "", style = "TYPED", field, ...more] = command.argument.split(":");
  if (key === "") return refuse("Invalid filter state configuration, key cannot be empty.");
  const fieldMisused = (style === "FIELD") !== (field !== undefined);
  if (more.length > 0 || (["PLAIN", "TYPED", "FIELD"].includes(style) && fieldMisused)) {
    return refuse("Invalid filter state serialize type, FIELD should be used with the field name.");
  }
  const { maxLength } = command;
  switch (style) {
    case "PLAIN": {
      const get = (info: StreamInfo): string | undefined => plain(info.filterState.get(key));
      return { ok: true, value: foreignText(get, maxLength) };
    }
    case "TYPED": {
      const value = (info: StreamInfo): unknown => typed(info.filterState.get(key));
      return { ok: true, value: jsonValue(value, maxLength, true) };
    }
    case "FIELD": {
      const value = (info: StreamInfo): unknown => fieldOf(info.filterState.get(key), field!);
      return { ok: true, value: jsonValue(value, maxLength) };
    }
    default:
      return refuse("Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.");
  }
};

/** Byte text of what has a text. */
function plain(value: unknown): string | undefined {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (typeof value === "string") return toByteText(value);
  if (value instanceof CompoundState) return value.text;
  return value === undefined ? undefined : jsonText(serialized(value));
}

function fieldOf(value: unknown, field: string): unknown {
  if (value instanceof CompoundState) return value.field(field);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  return Object.hasOwn(value, field)
    ? serialized((value as { readonly [key: string]: unknown })[field])
    : undefined;
}

export const metadataOperators: OperatorTable = {
  DYNAMIC_METADATA: withArgument((command) =>
    metadataProvider(command.argument, command.maxLength, dynamic),
  ),
  UPSTREAM_METADATA: withArgument((command) =>
    metadataProvider(command.argument, command.maxLength, upstreamHost),
  ),
  CLUSTER_METADATA: withArgument((command) =>
    metadataProvider(command.argument, command.maxLength, cluster),
  ),
  METADATA: metadata,
  FILTER_STATE: filterState,
  // Virtual clusters are not part of any route table here, so no stream has one.
  VIRTUAL_CLUSTER_NAME: (command) =>
    command.argument === "" && command.maxLength === undefined
      ? { ok: true, value: foreignText(() => undefined) }
      : refuse(`${command.name} does not take any parameters or length`),
};
