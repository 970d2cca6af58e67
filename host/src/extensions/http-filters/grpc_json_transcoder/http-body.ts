import type { DescField } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

// google.api.HttpBody: string content_type = 1, bytes data = 2, repeated Any extensions = 3. It is read and written
// without its descriptor, so that bodies are not looked at more than is needed.

/** What of a `google.api.HttpBody` is passed on. */
export interface HttpBody {
  readonly contentType: string;
  readonly data: Uint8Array;
}

/** The `HttpBody` where the fields lead in a message; an empty one when there is none. */
export function readHttpBody(message: Uint8Array, fields: readonly DescField[]): HttpBody {
  let bytes = message;
  for (const { number } of fields) bytes = lastField(bytes, number);
  const reader = new BinaryReader(bytes);
  let contentType = "";
  let data: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) contentType = reader.string();
    else if (field === 2 && type === WireType.LengthDelimited) data = reader.bytes();
    else reader.skip(type, field);
  }
  return { contentType, data };
}

function lastField(message: Uint8Array, number: number): Uint8Array {
  const reader = new BinaryReader(message);
  let found: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === number && type === WireType.LengthDelimited) found = reader.bytes();
    else reader.skip(type, field);
  }
  return found;
}

export interface HttpBodyParts extends HttpBody {
  /** Bytes of an `Any`. */
  readonly extension: Uint8Array | undefined;
}

/** The fields of a message in which the `HttpBody` stands where the fields lead. */
export function writeHttpBody(parts: HttpBodyParts, fields: readonly DescField[]): Uint8Array {
  const writer = new BinaryWriter();
  if (parts.contentType !== "") writer.tag(1, WireType.LengthDelimited).string(parts.contentType);
  if (parts.data.length > 0) writer.tag(2, WireType.LengthDelimited).bytes(parts.data);
  if (parts.extension !== undefined) {
    writer.tag(3, WireType.LengthDelimited).bytes(parts.extension);
  }
  let bytes: Uint8Array = writer.finish();
  for (const { number } of fields.toReversed()) {
    bytes = new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();
  }
  return bytes;
}

const unknownParametersType =
  "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.UnknownQueryParams";

/** `UnknownQueryParams` in an `Any`; undefined for no parameters. */
export function unknownParameters(
  parameters: ReadonlyMap<string, readonly string[]>,
): Uint8Array | undefined {
  if (parameters.size === 0) return undefined;
  const message = new BinaryWriter();
  for (const [name, values] of parameters) {
    message.tag(1, WireType.LengthDelimited).fork();
    message.tag(1, WireType.LengthDelimited).string(name);
    message.tag(2, WireType.LengthDelimited).fork();
    for (const value of values) message.tag(1, WireType.LengthDelimited).string(value);
    message.join().join();
  }
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(unknownParametersType)
    .tag(2, WireType.LengthDelimited)
    .bytes(message.finish())
    .finish();
}
