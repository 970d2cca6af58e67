import { messageNameOfTypeUrl } from "../../common/type-url.ts";
import type { DescMessage } from "@bufbuild/protobuf";
import { fieldByName } from "../../config/message-access.ts";
import { type Schema } from "../../config/schema.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";

type JsonObject = { [key: string]: JsonValue };

/** The fields that stay: all of a field, or some below it. */
type MaskTree = Map<string, MaskTree | "all">;

/**
 * What `google.protobuf.FieldMask` leaves of a message's JSON; paths may lead into an `Any`. Undefined when a
 * path is not valid for the message.
 */
export function applyMask(
  schema: Schema,
  desc: DescMessage,
  json: JsonObject,
  paths: readonly string[],
): JsonObject | undefined {
  const parts = paths.map((path) => path.split("."));
  if (parts.some((path) => !isValid(schema, desc, json, path))) return undefined;
  return prune(json, treeOf(parts));
}

function isValid(
  schema: Schema,
  desc: DescMessage,
  json: JsonValue | undefined,
  path: readonly string[],
): boolean {
  const [name = "", ...rest] = path;
  const field = fieldByName(desc, name);
  if (field === undefined || field.name !== name) return false;
  if (rest.length === 0) return true;
  if (field.fieldKind !== "message") return false;
  const value = (json as JsonObject | undefined)?.[name];
  if (field.message.typeName !== "google.protobuf.Any") {
    return isValid(schema, field.message, value, rest);
  }
  const typeUrl = (value as JsonObject | undefined)?.["@type"];
  const packed = schema.registry.getMessage(
    messageNameOfTypeUrl(typeof typeUrl === "string" ? typeUrl : ""),
  );
  return packed !== undefined && isValid(schema, packed, value, rest);
}

function treeOf(paths: readonly (readonly string[])[]): MaskTree {
  const root: MaskTree = new Map();
  for (const path of paths) {
    let at = root;
    for (const [i, name] of path.entries()) {
      const known = at.get(name);
      if (known === "all") break;
      if (i === path.length - 1) at.set(name, "all");
      else {
        const next: MaskTree = known ?? new Map();
        at.set(name, next);
        at = next;
      }
    }
  }
  return root;
}

function prune(json: JsonObject, tree: MaskTree): JsonObject {
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(json)) {
    const below = name === "@type" ? "all" : tree.get(name);
    if (below === "all") kept[name] = value;
    else if (below !== undefined) kept[name] = prune(value as JsonObject, below);
  }
  return kept;
}
