import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Result } from "../../../contracts/result.ts";

const fieldsByName = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** The field that is called so, in the proto file or in JSON. */
export function fieldNamed(message: DescMessage, name: string): DescField | undefined {
  let fields = fieldsByName.get(message);
  if (fields === undefined) {
    const names = message.fields.flatMap((field) => [
      [field.jsonName, field] as const,
      [field.name, field] as const,
    ]);
    fieldsByName.set(message, (fields = new Map(names)));
  }
  return fields.get(name);
}

/** The fields that lead to one of a message in the message; the error is Envoy's text. */
export function fieldsOfPath(
  message: DescMessage,
  path: readonly string[],
): Result<DescField[], string> {
  const fields: DescField[] = [];
  let at: DescMessage | undefined = message;
  for (const name of path) {
    const field: DescField | undefined = at && fieldNamed(at, name);
    if (field === undefined) {
      const type = at?.typeName ?? fields.at(-1)!.name;
      return { ok: false, error: `Could not find field "${name}" in the type "${type}".` };
    }
    fields.push(field);
    at = field.fieldKind === "message" ? field.message : undefined;
  }
  return { ok: true, value: fields };
}

/** As errors name it. */
export const pathText = (fields: readonly DescField[]): string =>
  fields.map(({ name }) => name).join(".");
