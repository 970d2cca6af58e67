import {
  type DescField,
  type DescMessage,
  fromBinary,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { PrintOptions } from "./config.ts";
import { JsonWriter, type JsonNode, type JsonTree, NumberNode } from "./json-writer.ts";
import { numberText } from "./number-text.ts";
import { TranscodeError } from "./transcode-error.ts";

const special = new Set(
  ["Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value"].map(
    (name) => `google.protobuf.${name}`,
  ),
);
const wrapper = /^google\.protobuf\.(Bool|Bytes|Double|Float|String|U?Int(32|64))Value$/;
const anyName = "google.protobuf.Any";

/** Prints messages as protobuf's converter in Envoy does. */
export class JsonPrinter {
  readonly #registry: Registry;
  readonly #options: PrintOptions;
  readonly #writer: JsonWriter;

  constructor(registry: Registry, options: PrintOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#writer = new JsonWriter(options.whitespace);
  }

  /** Throws for what is no message of the type. */
  print(desc: DescMessage, bytes: Uint8Array): string {
    return this.#writer.write(this.#message(desc, readMessage(desc, bytes)));
  }

  /** `google.rpc.Status`, which the descriptors need not have. */
  printStatus(code: number, message: string, details: readonly Any[]): string {
    const always = this.#options.alwaysPrimitives;
    const tree: JsonTree = {};
    if (code !== 0 || always) tree["code"] = code;
    if (message !== "" || always) tree["message"] = message;
    if (details.length > 0 || always) tree["details"] = details.map((each) => this.#any(each));
    return this.#writer.write(tree);
  }

  #message(desc: DescMessage, message: Message): JsonNode {
    if (desc.typeName === anyName) return this.#any(message as Any);
    const read = reflect(desc, message);
    if (wrapper.test(desc.typeName)) return this.#single(desc.fields[0]!, read);
    if (special.has(desc.typeName)) {
      return nodeOf(toJson(desc, message, { registry: this.#registry }));
    }
    return this.#fields(read);
  }

  #fields(message: ReflectMessage): JsonTree {
    const tree = Object.create(null) as JsonTree;
    for (const field of message.sortedFields) {
      if (!message.isSet(field) && !this.#printsUnset(field)) continue;
      tree[this.#options.protoNames ? field.name : field.jsonName] = this.#field(field, message);
    }
    return tree;
  }

  #printsUnset(field: DescField): boolean {
    if (!this.#options.alwaysPrimitives || field.oneof !== undefined) return false;
    if (field.fieldKind === "list" || field.fieldKind === "map") return true;
    return field.fieldKind !== "message" && !field.proto.proto3Optional;
  }

  #field(field: DescField, message: ReflectMessage): JsonNode {
    if (field.fieldKind === "list") {
      const nodes: JsonNode[] = [];
      for (const each of message.get(field)) nodes.push(this.#value(field, each));
      return nodes;
    }
    if (field.fieldKind === "map") {
      const tree = Object.create(null) as JsonTree;
      for (const [key, each] of message.get(field)) tree[String(key)] = this.#value(field, each);
      return tree;
    }
    return this.#single(field, message);
  }

  /** Of a field that has one value. */
  #single(field: DescField, message: ReflectMessage): JsonNode {
    return this.#value(field, message.get(field));
  }

  /** Of a field, or of one element. */
  #value(field: DescField, value: unknown): JsonNode {
    if (field.message !== undefined) {
      const { desc, message } = value as ReflectMessage;
      return this.#message(desc, message);
    }
    if (field.enum === undefined) return scalarNode(field.scalar!, value);
    if (field.enum.typeName === "google.protobuf.NullValue") return null;
    const number = value as number;
    if (this.#options.enumsAsInts) return number;
    return field.enum.value[number]?.name ?? number;
  }

  #any({ typeUrl, value }: Any): JsonTree {
    const tree = Object.create(null) as JsonTree;
    if (typeUrl === "") return tree;
    const name = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
    const desc = this.#registry.getMessage(name);
    if (desc === undefined) {
      throw new TranscodeError(`Invalid type URL, unknown type: ${name}`, "INTERNAL");
    }
    tree["@type"] = typeUrl;
    const inner = this.#message(desc, readMessage(desc, value));
    const isTree = !special.has(name) && !wrapper.test(name) && name !== anyName;
    if (isTree) Object.assign(tree, inner);
    else tree["value"] = inner;
    return tree;
  }
}

function readMessage(desc: DescMessage, bytes: Uint8Array): Message {
  try {
    return fromBinary(desc, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TranscodeError(`The upstream's message is no ${desc.typeName}: ${reason}`);
  }
}

function scalarNode(type: ScalarType, value: unknown): JsonNode {
  if (type === ScalarType.DOUBLE) return new NumberNode(numberText(value as number, "double"));
  if (type === ScalarType.FLOAT) return new NumberNode(numberText(value as number, "float"));
  if (type === ScalarType.BYTES) return Buffer.from(value as Uint8Array).toString("base64");
  return typeof value === "bigint" ? String(value) : (value as string | number | boolean);
}

/** JSON whose numbers are doubles. */
function nodeOf(value: JsonValue): JsonNode {
  if (typeof value === "number") return new NumberNode(numberText(value, "double"));
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(nodeOf);
  const tree = Object.create(null) as JsonTree;
  for (const [key, each] of Object.entries(value)) tree[key] = nodeOf(each);
  return tree;
}
