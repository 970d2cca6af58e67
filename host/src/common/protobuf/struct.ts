import type { JsonValue } from "../../contracts/stream-info.ts";
import type { ProtobufReader } from "./reader.ts";
import type { ProtobufWriter } from "./writer.ts";

// `google.protobuf.Struct`, `Value` and `ListValue` as JSON values.

/** Messages deeper than this are cut: what is inside becomes null. */
const depthMax = 64;

type Struct = { readonly [key: string]: JsonValue };

const Field = { fields: 1, values: 1, key: 1, value: 2 } as const;
const Kind = { null: 1, number: 2, string: 3, bool: 4, struct: 5, list: 6 } as const;

/** The fields of a `Struct`, into the message that has been begun. */
export function writeStruct(writer: ProtobufWriter, struct: Struct, depth = 0): void {
  for (const [key, value] of Object.entries(struct)) {
    const entry = writer.begin(Field.fields);
    writer.text(Field.key, key);
    const start = writer.begin(Field.value);
    writeValue(writer, value, depth);
    writer.end(start);
    writer.end(entry);
  }
}

function writeValue(writer: ProtobufWriter, value: JsonValue, depth: number): void {
  if (value === null || depth > depthMax) writer.uint(Kind.null, 0);
  else if (typeof value === "number") writer.double(Kind.number, value);
  else if (typeof value === "string") writer.text(Kind.string, value);
  else if (typeof value === "boolean") writer.bool(Kind.bool, value);
  else if (Array.isArray(value)) {
    const list = writer.begin(Kind.list);
    for (const each of value) {
      const start = writer.begin(Field.values);
      writeValue(writer, each, depth + 1);
      writer.end(start);
    }
    writer.end(list);
  } else {
    const start = writer.begin(Kind.struct);
    writeStruct(writer, value, depth + 1);
    writer.end(start);
  }
}

export function readStruct(reader: ProtobufReader, depth = 0): { [key: string]: JsonValue } {
  // No prototype: keys come from a peer.
  const struct = Object.create(null) as { [key: string]: JsonValue };
  while (reader.next()) {
    if (reader.field !== Field.fields) continue;
    const entry = reader.message();
    let key = "";
    let value: JsonValue = null;
    while (entry.next()) {
      if (entry.field === Field.key) key = entry.text();
      else if (entry.field === Field.value) value = readValue(entry.message(), depth);
    }
    struct[key] = value;
  }
  return struct;
}

function readValue(reader: ProtobufReader, depth: number): JsonValue {
  let value: JsonValue = null;
  while (reader.next()) {
    switch (reader.field) {
      case Kind.number:
        value = reader.double();
        break;
      case Kind.string:
        value = reader.text();
        break;
      case Kind.bool:
        value = reader.bool();
        break;
      case Kind.struct:
        value = depth > depthMax ? null : readStruct(reader.message(), depth + 1);
        break;
      case Kind.list:
        value = depth > depthMax ? null : readList(reader.message(), depth + 1);
        break;
      default:
        value = null;
    }
  }
  return value;
}

function readList(reader: ProtobufReader, depth: number): JsonValue[] {
  const list: JsonValue[] = [];
  while (reader.next()) {
    if (reader.field === Field.values) list.push(readValue(reader.message(), depth));
  }
  return list;
}
