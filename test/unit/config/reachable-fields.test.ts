import assert from "node:assert/strict";
import { test } from "node:test";
import type { DescMessage } from "@bufbuild/protobuf";
import { fieldClasses } from "../../../host/src/config/field-classes/index.ts";
import { schema } from "../../../host/src/config/schema.ts";

/** Messages that the fields of a message lead to, as far as they are accepted. */
function partsOf(message: DescMessage): DescMessage[] {
  const parts: DescMessage[] = [];
  for (const field of message.fields) {
    const accepted = fieldClasses.of(message.typeName, field.name).class !== "refused";
    const listed = fieldClasses.fields(message.typeName).has(field.name);
    if (accepted && listed && field.message !== undefined) parts.push(field.message);
  }
  return parts;
}

// A message that nothing accepted leads to was forgotten in the message around it: what is done with it cannot be had.
test("each message with classes is part of one, by a field that is accepted, or stands in an Any", () => {
  const messages = fieldClasses.messages.map((name) => schema().message(name));
  const reached = new Set<string>();
  for (const message of messages)
    for (const { typeName } of partsOf(message)) reached.add(typeName);
  const nested = messages.filter(
    ({ parent, typeName }) => parent !== undefined && !reached.has(typeName),
  );
  assert.deepEqual(
    nested.map(({ typeName }) => typeName),
    [],
  );
});
