import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { fieldNamed, pathText } from "./field-path.ts";
import { below, enumOf, invalid, type ParsedJson, scalarOf } from "./json-values.ts";
import { TranscodeError } from "./transcode-error.ts";

const depthMax = 100;

/** Messages whose JSON is not an object of their fields, and that stay as they are given. */
const asGiven = new Set(
  ["Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value"].map(
    (name) => `google.protobuf.${name}`,
  ),
);
const wrapper = /^google\.protobuf\.(Bool|Bytes|Double|Float|String|U?Int(32|64))Value$/;

/** Fields of a message under their JSON names, fit for `fromJson`; only what is set. */
export type FieldTree = JsonObject;

/**
 * Reads JSON as lenient as protobuf's converter in Envoy: either name of a field, numbers and bools in quotes, fields
 * that nobody knows. Everything throws `TranscodeError`.
 */
export class JsonReader {
  readonly #registry: Registry;
  readonly #ignoreEnumCase: boolean;

  constructor(registry: Registry, ignoreEnumCase: boolean) {
    this.#registry = registry;
    this.#ignoreEnumCase = ignoreEnumCase;
  }

  /** The fields of a message. `path`: where it stands in the request. */
  tree(desc: DescMessage, value: ParsedJson, path = "", depth = 0): FieldTree {
    if (depth > depthMax) throw new TranscodeError("Message too deep.");
    if (!isObject(value)) {
      if (path === "") throw new TranscodeError(": Root element must be a message.");
      throw invalid(path, value, `type.googleapis.com/${desc.typeName}`);
    }
    const tree: FieldTree = Object.create(null) as FieldTree;
    const chosen = new Set<string>();
    for (const [name, each] of Object.entries(value)) {
      const field = fieldNamed(desc, name);
      if (field === undefined) continue;
      const read = this.#field(field, each, below(path, field), depth);
      if (read === undefined) continue;
      checkOneof(field, chosen, path);
      tree[field.jsonName] = read;
    }
    return tree;
  }

  /** A field as the whole of a body: wherever it leads, an empty body is an empty message. */
  field(fields: readonly DescField[], value: ParsedJson): FieldTree {
    const leaf = fields.at(-1)!;
    const read = this.#field(leaf, value, pathText(fields), 0);
    return read === undefined ? emptyTree() : wrapped(fields, read);
  }

  /** Puts the value of a path variable or query parameter into the tree. */
  bind(tree: FieldTree, fields: readonly DescField[], value: string): void {
    const leaf = fields.at(-1)!;
    let at = tree;
    for (const { jsonName } of fields.slice(0, -1)) {
      at = (at[jsonName] ??= emptyTree()) as FieldTree;
    }
    const read = this.#field(leaf, value, pathText(fields), 0);
    if (read === undefined) return;
    const before = at[leaf.jsonName];
    at[leaf.jsonName] = Array.isArray(before) ? [...before, ...(read as JsonValue[])] : read;
  }

  message(desc: DescMessage, tree: FieldTree): Message {
    if (Object.keys(tree).length === 0) return create(desc);
    try {
      return fromJson(desc, tree, { registry: this.#registry });
    } catch (error) {
      throw new TranscodeError(error instanceof Error ? error.message : String(error));
    }
  }

  /** Undefined: as if it were not there. */
  #field(field: DescField, value: ParsedJson, path: string, depth: number): JsonValue | undefined {
    if (field.fieldKind === "list") return this.#list(field, value, path, depth);
    if (field.fieldKind === "map") return this.#map(field, value, path, depth);
    return this.#single(field, value, path, depth);
  }

  #list(
    field: DescField & { fieldKind: "list" },
    value: ParsedJson,
    path: string,
    depth: number,
  ): JsonValue | undefined {
    if (value === null) return undefined;
    const elements: JsonValue[] = [];
    for (const element of Array.isArray(value) ? (value as readonly ParsedJson[]) : [value]) {
      const read = this.#single(field, element, path, depth);
      if (read !== undefined) elements.push(read);
    }
    return elements;
  }

  #map(
    field: DescField & { fieldKind: "map" },
    value: ParsedJson,
    path: string,
    depth: number,
  ): JsonValue | undefined {
    if (value === null) return undefined;
    if (!isObject(value)) throw invalid(path, value, "Map");
    const entries = emptyTree();
    for (const [key, each] of Object.entries(value)) {
      const read = this.#single(field, each, `${path}["${key}"]`, depth);
      if (read !== undefined) entries[key] = read;
    }
    return entries;
  }

  /** One value, or one element. */
  #single(field: DescField, value: ParsedJson, path: string, depth: number): JsonValue | undefined {
    if (field.message !== undefined) return this.#message(field.message, value, path, depth);
    if (value === null && field.enum?.typeName !== "google.protobuf.NullValue") return undefined;
    if (field.enum !== undefined) return enumOf(field.enum, value, path, this.#ignoreEnumCase);
    if (isObject(value)) {
      throw new TranscodeError(
        `: invalid value Starting an object on a scalar field for type ${field.name}`,
      );
    }
    return scalarOf(field.scalar!, value, path);
  }

  #message(
    desc: DescMessage,
    value: ParsedJson,
    path: string,
    depth: number,
  ): JsonValue | undefined {
    if (desc.typeName === "google.protobuf.Value") return plainJson(value);
    if (value === null) return undefined;
    if (wrapper.test(desc.typeName)) return scalarOf(desc.fields[0]!.scalar!, value, path);
    return asGiven.has(desc.typeName) ? plainJson(value) : this.tree(desc, value, path, depth + 1);
  }
}

const emptyTree = (): FieldTree => Object.create(null) as FieldTree;

const isObject = (value: ParsedJson): value is { readonly [key: string]: ParsedJson } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function checkOneof(field: DescField, chosen: Set<string>, path: string): void {
  const name = field.oneof?.name;
  if (name === undefined) return;
  if (chosen.has(name)) {
    const text = `oneof field '${name}' is already set. Cannot set '${field.name}'`;
    throw new TranscodeError(`${path}: invalid value ${text} for type oneof`);
  }
  chosen.add(name);
}

/** Where any number will do. */
function plainJson(value: ParsedJson): JsonValue {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly ParsedJson[]).map(plainJson);
  const plain = emptyTree();
  for (const [key, each] of Object.entries(value)) plain[key] = plainJson(each);
  return plain;
}

/** The tree in which `value` stands where the fields lead. */
function wrapped(fields: readonly DescField[], value: JsonValue): FieldTree {
  let tree = value;
  for (const { jsonName } of fields.toReversed()) tree = { [jsonName]: tree };
  return tree as FieldTree;
}

/** Lays `over` upon `under`, changing it: messages field by field, elements behind those that are there. */
export function merge(under: FieldTree, over: FieldTree): FieldTree {
  for (const [key, value] of Object.entries(over)) {
    const before = under[key];
    if (Array.isArray(before) && Array.isArray(value)) under[key] = [...before, ...value];
    else if (isTree(before) && isTree(value)) merge(before, value);
    else under[key] = value;
  }
  return under;
}

const isTree = (value: JsonValue | undefined): value is FieldTree =>
  typeof value === "object" && value !== null && !Array.isArray(value);
