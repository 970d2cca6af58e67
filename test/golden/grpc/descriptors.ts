import { readFileSync } from "node:fs";
import path from "node:path";
import {
  create,
  createFileRegistry,
  createRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { schema as configurationSchema } from "../../../host/src/config/schema.ts";

/** `library.proto`, made by `build-descriptors.sh`. */
export const descriptorSet: Buffer = readFileSync(path.join(import.meta.dirname, "library.binpb"));

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
const unknownParameters =
  "envoy.extensions.filters.http.grpc_json_transcoder.v3.UnknownQueryParams";
/** With what the filter adds to requests. */
const printed = createRegistry(registry, configurationSchema().message(unknownParameters));

/** A message of `golden.<name>`, or of a full name, as bytes of one character each. */
export function message(name: string, json: JsonValue = {}): string {
  const schema = registry.getMessage(name.includes(".") ? name : `golden.${name}`)!;
  const bytes = toBinary(schema, fromJson(schema, json, { registry }));
  return Buffer.from(bytes).toString("latin1");
}

/** A `google.api.HttpBody`, whose data is text. */
export function httpBody(contentType: string, data: string): string {
  const schema = registry.getMessage("google.api.HttpBody")!;
  const body = create(schema, { contentType, data: Buffer.from(data, "latin1") } as Record<
    string,
    unknown
  >);
  return Buffer.from(toBinary(schema, body)).toString("latin1");
}

/** The messages of a call's body as JSON, one behind the other; undefined when it is no such call. */
export function messagesOf(methodPath: string, body: Buffer): string | undefined {
  const [, service, method] = methodPath.split("/");
  const input = registry
    .getService(service ?? "")
    ?.methods.find(({ name }) => name === method)?.input;
  if (input === undefined) return undefined;
  const messages: string[] = [];
  for (let at = 0; at < body.length;) {
    if (body[at] !== 0 || body.length < at + 5) return undefined;
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end > body.length) return undefined;
    const read = fromBinary(input, body.subarray(at + 5, end));
    messages.push(JSON.stringify(sorted(toJson(input, read, { registry: printed }))));
    at = end;
  }
  return messages.join(" ");
}

/** Entries of maps come in any order. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
