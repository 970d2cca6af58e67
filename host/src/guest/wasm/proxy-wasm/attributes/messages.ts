import type { LocalInfo } from "../../../../contracts/config/snapshot.ts";
import type { JsonValue } from "../../../../contracts/stream-info.ts";
import { type ProtoField, writeProto } from "../foreign/proto-fields.ts";
import {
  byteText,
  encodeDouble,
  encodePairs,
  JsonPart,
  type PartedValue,
  utf8,
  type Value,
} from "./value.ts";

// The few protobuf messages that are attributes. A field can be asked for by its name; one that is not set has its
// default. Encoding is done by hand: threads that carry traffic have no protobuf.

/** A message by its fields, in the order of their numbers. */
class MessageValue implements PartedValue {
  readonly #fields: readonly (readonly [name: string, value: Value])[];
  readonly #encode: () => Uint8Array;

  constructor(fields: readonly (readonly [string, Value])[], encode: () => Uint8Array) {
    this.#fields = fields;
    this.#encode = encode;
  }

  part(name: string): Value | undefined {
    return this.#fields.find(([field]) => field === name)?.[1];
  }

  encode(): Uint8Array {
    return this.#encode();
  }

  plain(): { readonly [key: string]: Value } {
    return Object.fromEntries(this.#fields);
  }
}

/** A map without entries. */
const emptyMap: PartedValue = {
  part: () => undefined,
  encode: () => encodePairs([]),
  plain: () => ({}),
};

/** Metadata by namespace, as configuration and filters have it. */
export type MetadataRecord = {
  readonly [namespace: string]: { readonly [key: string]: JsonValue };
};

/** `envoy.config.core.v3.Metadata`. */
export function metadataValue(metadata: MetadataRecord): PartedValue {
  return new MessageValue(
    [
      ["filter_metadata", new JsonPart(metadata as JsonValue)],
      ["typed_filter_metadata", emptyMap],
    ],
    () => {
      const entries = Object.entries(metadata).map(([namespace, fields]) =>
        mapEntry(1, namespace, structBytes(fields)),
      );
      return writeProto(...entries);
    },
  );
}

/** `envoy.config.core.v3.Locality`. */
export function localityValue(locality: {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}): PartedValue {
  const { region, zone, subZone } = locality;
  return new MessageValue(
    [
      ["region", byteText(region)],
      ["zone", byteText(zone)],
      ["sub_zone", byteText(subZone)],
    ],
    () =>
      writeProto(
        { number: 1, value: utf8(region) },
        { number: 2, value: utf8(zone) },
        { number: 3, value: utf8(subZone) },
      ),
  );
}

/** What this host calls itself where Envoy says `envoy`. */
const userAgent = "sluice";

/** `envoy.config.core.v3.Node`. */
export function nodeValue(info: LocalInfo): PartedValue {
  const { nodeId, clusterName, zone, region = "", subZone = "" } = info;
  const locality = localityValue({ region, zone, subZone });
  const metadata = info.nodeMetadata;
  return new MessageValue(
    [
      ["id", byteText(nodeId)],
      ["cluster", byteText(clusterName)],
      ["metadata", new JsonPart(metadata as JsonValue)],
      ["locality", locality],
      ["user_agent_name", byteText(userAgent)],
      ["user_agent_version", byteText(info.version)],
    ],
    () =>
      writeProto(
        { number: 1, value: utf8(nodeId) },
        { number: 2, value: utf8(clusterName) },
        { number: 3, value: structBytes(metadata) },
        { number: 4, value: locality.encode()! },
        { number: 6, value: utf8(userAgent) },
        { number: 7, value: utf8(info.version) },
      ),
  );
}

/** `google.protobuf.Struct`. */
function structBytes(object: { readonly [key: string]: JsonValue }): Uint8Array {
  const fields = Object.entries(object).map(([key, value]) => mapEntry(1, key, valueBytes(value)));
  return writeProto(...fields);
}

/** One entry of a map field whose values are messages: written even when it is empty. */
function mapEntry(number: number, key: string, value: Uint8Array): ProtoField {
  return {
    number,
    value: writeProto({ number: 1, value: utf8(key) }, { number: 2, value, always: true }),
  };
}

/** `google.protobuf.Value`, whose kind is always written. */
function valueBytes(value: JsonValue): Uint8Array {
  if (value === null) return writeProto({ number: 1, value: 0, always: true });
  if (typeof value === "number") {
    return Buffer.concat([Uint8Array.of((2 << 3) | 1), encodeDouble(value)]);
  }
  if (typeof value === "string") return writeProto({ number: 3, value: utf8(value), always: true });
  if (typeof value === "boolean") {
    return writeProto({ number: 4, value: value ? 1 : 0, always: true });
  }
  return Array.isArray(value)
    ? writeProto({ number: 6, value: listBytes(value), always: true })
    : writeProto({ number: 5, value: structBytes(value), always: true });
}

/** `google.protobuf.ListValue`. */
function listBytes(list: readonly JsonValue[]): Uint8Array {
  const fields = list.map((value) => ({ number: 1, value: valueBytes(value), always: true }));
  return writeProto(...fields);
}
