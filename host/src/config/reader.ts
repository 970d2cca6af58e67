import { messageNameOfTypeUrl } from "../common/type-url.ts";
import {
  create,
  toBinary,
  type DescField,
  type DescMessage,
  type Message,
  type ScalarType,
} from "@bufbuild/protobuf";
import { AnySchema, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { closest } from "../common/closest.ts";
import { typedStructs, type AnyContent, type AnyContents } from "./any-contents.ts";
import {
  fieldByName,
  isJsonObject,
  isUnwrapped,
  listOf,
  mapOf,
  oneofCase,
  setField,
  setKey,
} from "./message-access.ts";
import type { Damaged } from "./damaged.ts";
import { describe, type MapNode, type Node } from "./node.ts";
import { pathOf, type Origin, type Origins } from "./origin.ts";
import { fileOnly, type Place, type ProblemList } from "./problem.ts";
import { readEnum, readScalar } from "./scalars.ts";
import { type Schema } from "./schema.ts";
import type { Source } from "./source.ts";
import { readJsonObject, readWellKnown } from "./well-known.ts";

export interface ReaderOptions {
  readonly schema: Schema;
  readonly problems: ProblemList;
  readonly origins: Origins;
  readonly anys: AnyContents;
  /** Where text without places (JSON inside binary) is said to be. */
  readonly source: Source;
  /** Messages of which something could not be read are added. */
  readonly damaged: Damaged;
  /** Called for a field that the message does not have. Undefined: it is a problem. */
  readonly onUnknownField: ((place: Place, text: string) => void) | undefined;
}

/**
 * Reads a tree of nodes as protobuf messages. Reports everything that does not fit, leaves it out, and goes on;
 * rules and field classes are looked at later (`check.ts`).
 */
export class MessageReader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** A message of type `desc`; undefined when the node is none, which has been reported then. */
  read(desc: DescMessage, node: Node, parent?: Origin, segment = ""): Message | undefined {
    if (node.kind !== "map") {
      this.#problem(node, parent, segment, `expected a group of fields, found ${describe(node)}`);
      return undefined;
    }
    const message = create(desc);
    const source = node.source ?? this.#options.source;
    const origin: Origin = { node, offset: node.offset, source, parent, segment };
    this.#options.origins.add(message, origin);
    this.#fields(desc, message, node, origin);
    return message;
  }

  #fields(desc: DescMessage, message: Message, node: MapNode, origin: Origin): void {
    const seen = new Map<DescField, string>();
    for (const [name, { value }] of node.entries) {
      // The type of an Any stands among the fields of its content.
      if (name === "@type" && origin.parent?.node === node) continue;
      const field = fieldByName(desc, name);
      if (!field) {
        this.#options.damaged.add(message, undefined);
        this.#unknownField(desc, name, origin);
        continue;
      }
      const twin = seen.get(field);
      if (twin !== undefined) {
        const text = `"${twin}" and "${name}" are the same field`;
        this.#problem(value, origin, name, text);
        continue;
      }
      seen.set(field, name);
      if (isNull(value) && field.message?.typeName !== "google.protobuf.Value") continue;
      this.#field(message, field, value, origin);
    }
  }

  #field(message: Message, field: DescField, node: Node, origin: Origin): void {
    if (field.fieldKind === "list") this.#list(message, field, node, origin);
    else if (field.fieldKind === "map") this.#map(message, field, node, origin);
    else {
      const other = field.oneof && oneofCase(message, field.oneof.localName);
      if (other !== undefined) {
        const name = field.oneof!.fields.find((f) => f.localName === other)!.name;
        const text = `"${name}" is set already, and only one of the two may be`;
        this.#problem(node, origin, field.name, text);
        return;
      }
      const value = this.#value(field, node, origin, field.name);
      if (value === undefined) this.#options.damaged.add(message, field.name);
      else setField(message, field, value);
    }
  }

  /** A list; a single value stands for a list of one. */
  #list(message: Message, field: DescField, node: Node, origin: Origin): void {
    const items = node.kind === "list" ? node.items : [node];
    const list = listOf(message, field);
    items.forEach((item, index) => {
      const segment = `${field.name}[${index}]`;
      const nullable = field.message?.typeName === "google.protobuf.Value";
      if (isNull(item) && !nullable) this.#problem(item, origin, segment, "the element is empty");
      else {
        const value = this.#value(field, item, origin, segment);
        if (value === undefined) this.#options.damaged.add(message, field.name);
        else list.push(value);
      }
    });
  }

  #map(message: Message, field: DescField, node: Node, origin: Origin): void {
    if (node.kind !== "map") {
      const text = `expected a group of keys, found ${describe(node)}`;
      this.#problem(node, origin, field.name, text);
      return;
    }
    if (field.fieldKind !== "map") return;
    const map = mapOf(message, field);
    for (const [key, entry] of node.entries) {
      const segment = `${field.name}[${JSON.stringify(key)}]`;
      const keyNode: Node = { ...entry.value, kind: "scalar", value: key, text: key };
      const parsed = readScalar(field.mapKey, keyNode);
      if (!parsed.ok) {
        this.#problem(entry.value, origin, segment, `the key: ${parsed.error}`);
        continue;
      }
      const value = isNull(entry.value)
        ? this.#problem(entry.value, origin, segment, "the value is missing")
        : this.#value(field, entry.value, origin, segment);
      if (value !== undefined) setKey(map, String(parsed.value), value);
    }
  }

  /** One value of a field: the field's own, an element's or a map entry's. */
  #value(field: DescField, node: Node, origin: Origin, segment: string): unknown {
    if (field.message) return this.#messageValue(field, node, origin, segment);
    const read = field.enum
      ? readEnum(field.enum, node)
      : readScalar(field.scalar as ScalarType, node);
    if (read.ok) return read.value;
    return this.#problem(node, origin, segment, read.error);
  }

  #messageValue(field: DescField, node: Node, origin: Origin, segment: string): unknown {
    const desc = field.message!;
    if (isJsonObject(field)) {
      const object = readJsonObject(node);
      return object.ok ? object.value : this.#problem(node, origin, segment, object.error);
    }
    if (isWrapperDesc(desc)) return this.#wrapper(field, desc, node, { origin, segment });
    if (desc.typeName === "google.protobuf.Any") return this.#any(node, origin, segment);
    const wellKnown = readWellKnown(desc, node);
    if (!wellKnown) return this.read(desc, node, origin, segment);
    if (!wellKnown.ok) return this.#problem(node, origin, segment, wellKnown.error);
    const source = node.source ?? this.#options.source;
    const place = { node: undefined, offset: node.offset, source, parent: origin, segment };
    this.#options.origins.add(wellKnown.value, place);
    return wellKnown.value;
  }

  /** `5`, or `{value: 5}`. */
  #wrapper(
    field: DescField,
    desc: DescMessage,
    node: Node,
    place: { readonly origin: Origin; readonly segment: string },
  ): unknown {
    const inner = desc.fields[0]!;
    const value = node.kind === "map" ? node.entries.get("value")?.value : node;
    const read = value
      ? this.#value(inner, value, place.origin, place.segment)
      : this.#problem(node, place.origin, place.segment, 'expected a value or "value: …"');
    if (read === undefined || isUnwrapped(field)) return read;
    const message = create(desc);
    setField(message, inner, read);
    return message;
  }

  /** `{"@type": …, fields}`; the content is read at once, and kept beside the bytes. */
  #any(node: Node, parent: Origin, segment: string): Message | undefined {
    const { schema, anys, origins } = this.#options;
    if (node.kind !== "map") {
      const text = `expected a group of fields with "@type", found ${describe(node)}`;
      return this.#problem(node, parent, segment, text);
    }
    const source = node.source ?? this.#options.source;
    const origin: Origin = { node, offset: node.offset, source, parent, segment };
    const typeNode = node.entries.get("@type")?.value;
    const typeUrl = typeNode?.kind === "scalar" ? String(typeNode.value ?? "") : "";
    if (typeUrl === "" && node.entries.size > 0) {
      const text = '"@type" is missing: the type of the fields, type.googleapis.com/…';
      return this.#problem(node, parent, segment, text);
    }
    const any = create(AnySchema, { typeUrl });
    origins.add(any, origin);
    if (typeUrl === "") {
      anys.set(any, { message: undefined, messageName: "", node, origin });
      return any;
    }
    if (!/^[^/]+\/./.test(typeUrl)) {
      const text = `${JSON.stringify(typeUrl)} is not a type URL: type.googleapis.com/ and a name`;
      return this.#problem(typeNode!, origin, "@type", text);
    }
    const desc = schema.registry.getMessage(messageNameOfTypeUrl(typeUrl));
    const outer = desc && this.content(desc, node, origin);
    if (desc && outer) any.value = toBinary(desc, outer);
    const inner = outer && this.#lookThrough(outer, node, origin);
    anys.set(
      any,
      inner ?? { message: outer, messageName: messageNameOfTypeUrl(typeUrl), node, origin },
    );
    return any;
  }

  /** The content of an `Any` as a message of type `desc`: types with a JSON form of their own stand in "value". */
  content(desc: DescMessage, node: Node, origin: Origin): Message | undefined {
    const value = node.kind === "map" ? node.entries.get("value")?.value : undefined;
    if (!desc.typeName.startsWith("google.protobuf.") || !value) {
      return this.read(desc, node, origin);
    }
    const wellKnown = readWellKnown(desc, value);
    if (!wellKnown || wellKnown.ok) return wellKnown?.value ?? this.read(desc, node, origin);
    return this.#problem(value, origin, "value", wellKnown.error);
  }

  /** What a `TypedStruct` stands for. */
  #lookThrough(message: Message, node: MapNode, origin: Origin): AnyContent | undefined {
    if (!typedStructs.has(message.$typeName)) return undefined;
    const { typeUrl } = message as Message & { typeUrl: string };
    const messageName = messageNameOfTypeUrl(typeUrl);
    const value = node.entries.get("value") ?? { offset: node.offset, value: emptyMap(node) };
    const inner: Origin = {
      node: value.value.kind === "map" ? value.value : undefined,
      offset: value.offset,
      source: origin.source,
      parent: origin,
      segment: "value",
    };
    const desc = this.#options.schema.registry.getMessage(messageName);
    const read = desc && this.read(desc, value.value, origin, "value");
    return { message: read, messageName, node: value.value, origin: inner };
  }

  #unknownField(desc: DescMessage, name: string, origin: Origin): void {
    const names = desc.fields.filter((f) => !f.proto.options?.deprecated).map((f) => f.name);
    const near = closest(name.toLowerCase(), names);
    const mend = near ? `; did you mean "${near}"?` : "";
    const text = `unknown field "${name}" of ${desc.typeName}${mend}`;
    const place = this.#placeOf(origin, name);
    if (this.#options.onUnknownField) this.#options.onUnknownField(place, text);
    else this.#options.problems.error(place, text);
  }

  #problem(node: Node, parent: Origin | undefined, segment: string, text: string): undefined {
    const base = parent ? pathOf(parent) : "";
    const path = base !== "" && segment !== "" ? `${base}.${segment}` : base + segment;
    const source = node.source;
    const place = source
      ? { file: source.file, ...source.position(node.offset), path }
      : { ...fileOnly(this.#options.source.file), path };
    this.#options.problems.error(place, text);
    return undefined;
  }

  #placeOf(origin: Origin, name: string): Place {
    const entry = origin.node?.entries.get(name);
    const source = origin.node?.source;
    const path = pathOf(origin);
    if (!source || !entry) return { ...fileOnly(this.#options.source.file), path };
    return { file: source.file, ...source.position(entry.offset), path };
  }
}

function isNull(node: Node): boolean {
  return node.kind === "scalar" && node.value === null;
}

function emptyMap(near: MapNode): MapNode {
  return { kind: "map", source: near.source, offset: near.offset, size: 1, entries: new Map() };
}
