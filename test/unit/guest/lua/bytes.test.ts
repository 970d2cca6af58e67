import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { translateSource } from "../../../../host/src/guest/lua/dialect/translate.ts";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

const latin1 = fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes).latin1Slice());
/** What may stand in a header value: no controls but the tab, no blanks at the ends. */
const headerValue = latin1.map((text) =>
  // oxlint-disable-next-line no-control-regex -- controls are what is taken out
  text.replaceAll(/[\x00-\x1f\x7f]/g, "").trim(),
);

test("bodies, header values and metadata come back from a script as they were", () => {
  const script = new LuaHost().load(`
    function envoy_on_request(h)
      local m = h:headers()
      m:replace("x-out", m:get("x-in"))
      local b = h:body()
      local bytes = b:getBytes(0, b:length())
      local d = h:streamInfo():dynamicMetadata()
      d:set("f", "k", (bytes:gsub("%z", "")))
      assert(d:get("f").k == (bytes:gsub("%z", "")))
      assert(h:base64Decode(h:base64Escape(bytes)) == bytes)
      b:setBytes(bytes .. bytes)
    end`);
  fc.assert(
    fc.property(latin1, headerValue, (body, value) => {
      const stream = new LuaStream(
        script,
        [
          [":path", "/"],
          ["x-in", value],
        ],
        { endStream: false },
      );
      stream.start();
      // The hook waits for the body, and its header object dies there: what it sets before stays.
      stream.data(body, true);
      assert.deepEqual(stream.side.errors, body === "" ? stream.side.errors : []);
      assert.equal(stream.headers.get("x-out"), value);
      if (body !== "") assert.equal(stream.side.body.toBuffer().latin1Slice(), body + body);
      stream.handle.onDestroy();
    }),
    { numRuns: 100 },
  );
});

test("translateSource() ends for any text and keeps its lines", () => {
  fc.assert(
    fc.property(latin1, (text) => {
      assert.equal(translateSource(text).split("\n").length, text.split("\n").length);
    }),
    { numRuns: 200 },
  );
});
