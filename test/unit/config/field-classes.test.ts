import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { reachableMessages } from "../../../host/src/config/check.ts";
import { FieldClasses } from "../../../host/src/config/field-classes/classes.ts";
import { fieldClasses } from "../../../host/src/config/field-classes/index.ts";
import { schema } from "../../../host/src/config/schema.ts";
import { configurationPage, makeConfigurationPage } from "../../tools/configuration-page.ts";

test("fieldClasses name only messages and fields that exist", () => {
  for (const name of fieldClasses.messages) {
    const desc = schema().registry.getMessage(name);
    assert.ok(desc, `there is no message ${name}`);
    const known = new Set(desc.fields.map((field) => field.name));
    for (const field of fieldClasses.fields(name).keys()) {
      assert.ok(known.has(field), `${name} has no field ${field}`);
    }
  }
});

test("fieldClasses speak of every message that a working field leads to", () => {
  const works = (desc: DescMessage, field: DescField): boolean =>
    !field.message?.typeName.startsWith("google.") &&
    fieldClasses.of(desc.typeName, field.name).class === "implemented";
  const listed = new Set(fieldClasses.messages);
  const missing = new Set<string>();
  for (const name of listed) {
    for (const desc of reachableMessages(schema().message(name), works)) {
      if (!listed.has(desc.typeName) && desc.fields.length > 0) missing.add(desc.typeName);
    }
  }
  assert.deepEqual([...missing], []);
});

test("fieldClasses give a reason wherever a field has no effect", () => {
  for (const name of fieldClasses.messages) {
    for (const [field, found] of fieldClasses.fields(name)) {
      if (found.class !== "implemented") assert.notEqual(found.text, "", `${name}.${field}`);
    }
  }
});

test("FieldClasses refuse two classes for one field", () => {
  const one = { "a.B": { implemented: ["x"] } };
  const two = { "a.B": { implemented: ["y"], refused: { x: "no" } } };
  assert.throws(() => new FieldClasses([one, two]), /a\.B\.x has two classes/);
});

test("FieldClasses.of() refuses what is not listed", () => {
  const classes = new FieldClasses([{ "a.B": { implemented: ["x"], harmless: { y: "so" } } }]);
  assert.deepEqual(classes.of("a.B", "x"), { class: "implemented" });
  assert.deepEqual(classes.of("a.B", "y"), { class: "harmless", text: "so" });
  assert.deepEqual(classes.of("a.B", "z"), { class: "refused", text: "" });
  assert.deepEqual(classes.of("a.C", "x"), { class: "refused", text: "" });
});

test("host/docs/configuration.md is up to date", () => {
  const text = "run: node -C sluice-source test/tools/configuration-page.ts";
  assert.equal(fs.readFileSync(configurationPage, "utf8"), makeConfigurationPage(), text);
});
