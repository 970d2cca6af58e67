import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { MetadataMatcher as Message } from "../../../../../host/src/config/gen/envoy/type/matcher/v3/metadata_pb.js";
import type { JsonValue } from "../../../../../host/src/contracts/stream-info.ts";
import { MetadataMatcher } from "../../../../../host/src/extensions/common/ext_authz/metadata-matcher.ts";
import { parseMetadataMatcher } from "../../../../../host/src/extensions/common/ext_authz/parse-metadata-matcher.ts";
import { messageOf } from "../../../../support/config-message.ts";

const metadata = new Map<string, { [key: string]: JsonValue }>([
  ["ns", { text: "ä-text", number: 2, yes: true, nothing: null, list: [1, "x"], deep: { k: "v" } }],
]);

/** Whether the value of the matcher matches what stands at `path`. */
function matches(path: string, value: JsonObject, more: JsonObject = {}): boolean {
  const json = { filter: "ns", path: path.split(".").map((key) => ({ key })), value, ...more };
  const message = messageOf<Message>("envoy.type.matcher.v3.MetadataMatcher", json);
  return new MetadataMatcher(parseMetadataMatcher(message)).match(metadata);
}

test("MetadataMatcher matches values of each kind", () => {
  assert.equal(matches("text", { string_match: { prefix: "ä-" } }), true);
  assert.equal(matches("number", { string_match: { exact: "2" } }), false);
  assert.equal(matches("number", { double_match: { exact: 2 } }), true);
  assert.equal(matches("number", { double_match: { range: { start: 1, end: 2 } } }), false);
  assert.equal(matches("number", { double_match: { range: { start: 2, end: 3 } } }), true);
  assert.equal(matches("yes", { bool_match: true }), true);
  assert.equal(matches("yes", { bool_match: false }), false);
  assert.equal(matches("nothing", { null_match: {} }), true);
  assert.equal(matches("none", { null_match: {} }), false);
  assert.equal(matches("deep.k", { string_match: { exact: "v" } }), true);
  assert.equal(matches("deep.k.more", { present_match: true }), false);
  assert.equal(matches("text", { present_match: true }), true);
  assert.equal(matches("list", { list_match: { one_of: { string_match: { exact: "x" } } } }), true);
  assert.equal(matches("list", { list_match: { one_of: { bool_match: true } } }), false);
  const either = [{ bool_match: true }, { double_match: { exact: 2 } }];
  assert.equal(matches("number", { or_match: { value_matchers: either } }), true);
  assert.equal(matches("text", { or_match: { value_matchers: either } }), false);
});

test("MetadataMatcher turns the result round, and knows nothing of names that objects have", () => {
  assert.equal(matches("none", { present_match: true }, { invert: true }), true);
  assert.equal(matches("constructor", { present_match: true }), false);
  assert.equal(matches("deep.__proto__", { present_match: true }), false);
  const empty = { namespace: "ns", path: ["k"], value: { kind: "null" as const }, invert: false };
  assert.equal(new MetadataMatcher(empty).match(undefined), false);
});
