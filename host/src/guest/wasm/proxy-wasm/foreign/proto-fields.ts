/** A field of a protobuf message: its number, and its varint or its bytes. */
export interface ProtoField {
  readonly number: number;
  readonly value: number | Uint8Array;
  /** Written even when it is the default, as members of a oneof and elements of a list are. */
  readonly always?: boolean;
}

/** No message that guests hand over has more; nothing stops the host while it reads them. */
const fieldsMax = 10_000;

const varint = 0;
const i64 = 1;
const lengthDelimited = 2;
const i32 = 5;

/** The fields of an encoded message; undefined when it is malformed, or has more than anybody needs. Fixed-size fields are skipped. */
export function readProto(bytes: Uint8Array): ProtoField[] | undefined {
  const fields: ProtoField[] = [];
  const cursor = { at: 0 };
  for (let count = 0; cursor.at < bytes.length; count += 1) {
    if (count === fieldsMax) return undefined;
    const tag = readVarint(bytes, cursor);
    if (tag === undefined || tag < 8) return undefined;
    const wireType = tag & 7;
    if (wireType === i64 || wireType === i32) {
      cursor.at += wireType === i64 ? 8 : 4;
      continue;
    }
    const value =
      wireType === varint || wireType === lengthDelimited ? readVarint(bytes, cursor) : undefined;
    if (value === undefined) return undefined;
    if (wireType === varint) {
      fields.push({ number: tag >>> 3, value });
      continue;
    }
    const end = cursor.at + value;
    if (end > bytes.length) return undefined;
    fields.push({ number: tag >>> 3, value: bytes.slice(cursor.at, end) });
    cursor.at = end;
  }
  return cursor.at === bytes.length ? fields : undefined;
}

function readVarint(bytes: Uint8Array, cursor: { at: number }): number | undefined {
  let value = 0;
  for (let i = 0; i < 10 && cursor.at < bytes.length; i += 1) {
    const byte = bytes[cursor.at]!;
    cursor.at += 1;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  return undefined;
}

/** The last value of a bytes or string field; empty when there is none. */
export function bytesField(fields: readonly ProtoField[], number: number): Uint8Array {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

/** The last value of a number field; 0 when there is none. */
export function numberField(fields: readonly ProtoField[], number: number): number {
  const value = fields.findLast((field) => field.number === number)?.value;
  return typeof value === "number" ? value : 0;
}

/** Encodes fields with numbers below 16; defaults (0, empty) are left out unless they say `always`. */
export function writeProto(...fields: readonly ProtoField[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, value, always = false } of fields) {
    if (typeof value === "number") {
      if (always || value !== 0) {
        parts.push(Uint8Array.of((number << 3) | varint, ...varintBytes(value)));
      }
    } else if (always || value.length > 0) {
      parts.push(Uint8Array.of((number << 3) | lengthDelimited, ...varintBytes(value.length)));
      parts.push(value);
    }
  }
  return Uint8Array.from(Buffer.concat(parts));
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}
