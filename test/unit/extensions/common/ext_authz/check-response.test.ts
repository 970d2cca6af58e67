import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { schema } from "../../../../../host/src/config/schema.ts";
import { AppendAction } from "../../../../../host/src/extensions/common/ext_authz/auth-response.ts";
import { decodeCheckResponse } from "../../../../../host/src/extensions/common/ext_authz/check-response.ts";
import { SeededRandom } from "../../../../support/seeded-random.ts";

const type = schema().message("envoy.service.auth.v3.CheckResponse");
const encode = (json: JsonObject): Buffer => Buffer.from(toBinary(type, fromJson(type, json)));

const everything: JsonObject = {
  status: { code: 0, message: "fine", details: [] },
  ok_response: {
    headers: [
      { header: { key: "X-Set", value: "ä" } },
      { header: { key: "x-append", value: "2" }, append: true },
      { header: { key: "x-bytes", raw_value: "Yf9i" }, append: false },
    ],
    headers_to_remove: ["X-Gone"],
    response_headers_to_add: [
      { header: { key: "x-1", value: "1" } },
      { header: { key: "x-2", value: "2" }, append: false },
      { header: { key: "x-3", value: "3" }, append_action: "ADD_IF_ABSENT" },
    ],
    query_parameters_to_set: [{ key: "q", value: "1" }],
    query_parameters_to_remove: ["r"],
  },
  dynamic_metadata: { user: "u", deep: { list: [1, null] } },
};

describe("decodeCheckResponse()", () => {
  test("all of an answer that a protobuf library wrote is read", () => {
    const response = decodeCheckResponse(encode(everything));
    assert.deepEqual(JSON.parse(JSON.stringify(response)), {
      status: "ok",
      code: 0,
      body: "",
      headersToSet: [
        ["x-set", "\xc3\xa4"],
        ["x-bytes", "a\xffb"],
      ],
      headersToAppend: [["x-append", "2"]],
      headersToAdd: [],
      headersToRemove: ["x-gone"],
      queryToSet: [["q", "1"]],
      queryToRemove: ["r"],
      responseHeaders: [
        { name: "x-1", value: "1", action: AppendAction.Append },
        { name: "x-2", value: "2", action: AppendAction.Overwrite },
        { name: "x-3", value: "3", action: AppendAction.AddIfAbsent },
      ],
      dynamicMetadata: { user: "u", deep: { list: [1, null] } },
    });
  });

  test("a negative status denies", () => {
    assert.equal(decodeCheckResponse(encode({ status: { code: -1 } })).status, "denied");
  });

  test("bytes that were cut or changed are an error or another answer, and nothing is thrown", () => {
    const whole = encode(everything);
    const random = new SeededRandom(7);
    for (let end = 0; end < whole.length; end += 1) decodeCheckResponse(whole.subarray(0, end));
    for (let i = 0; i < 5000; i += 1) {
      const changed = Buffer.from(whole);
      for (let n = 0; n < 3; n += 1) {
        changed[random.below(changed.length)] = random.below(256);
      }
      const { status } = decodeCheckResponse(changed);
      assert.ok(status === "ok" || status === "denied" || status === "error");
    }
  });

  test("what is nested without end is cut, not followed", () => {
    let value: Buffer = Buffer.from("2a00", "hex");
    for (let i = 0; i < 5000; i += 1) value = nested(nested(nested(value, 2), 1), 5);
    const response = decodeCheckResponse(nested(nested(nested(value, 2), 1), 4));
    assert.equal(response.status, "ok");
  });
});

/** A field of bytes around bytes. */
function nested(inner: Buffer, field: number): Buffer {
  const length: number[] = [];
  for (let rest = inner.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), inner]);
}
