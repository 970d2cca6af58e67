import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  unlimitedGuests,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { startSluice } from "../support/sluice-process.ts";

// Strings are bytes all the way: what a client sends in a header and a body comes back as it was from a script that
// handles it in both directions, and an upstream that sends it back.

const script = `
local function pass(h)
  local m = h:headers()
  local value = m:get("x-bytes")
  m:replace("x-bytes", h:base64Decode(h:base64Escape(value)))
  local b = h:body(true)
  local bytes = b:getBytes(0, b:length())
  assert(b:setBytes(bytes:reverse()) == #bytes)
end
function envoy_on_request(h) pass(h) end
function envoy_on_response(h) pass(h) end`;

const upstream = await TestUpstream.start(
  answering((head, body) => ok(body, `x-bytes: ${/\r\nx-bytes: ([^\r]*)/.exec(head)?.[1]}\r\n`)),
);
after(() => upstream[Symbol.asyncDispose]());
const port = await freePort();
await startSluice(
  { after },
  {
    args: ["--concurrency", "1"],
    config: bootstrap(
      [httpListener({ port, filters: [httpFilter("script", luaConfig(script))] })],
      [staticCluster("upstream", [upstream.port])],
      unlimitedGuests,
    ),
  },
);

const bytes = (least: number, most: number) =>
  fc.uint8Array({ minLength: least, maxLength: most }).map((all) => Buffer.from(all).latin1Slice());
/** What may stand in a header value: no controls but the tab, no blanks at the ends. */
const headerValue = bytes(1, 200)
  // oxlint-disable-next-line no-control-regex -- controls are what is taken out
  .map((text) => text.replaceAll(/[\x00-\x08\x0a-\x1f\x7f]/g, "").trim())
  .filter((text) => text !== "");

test("headers and bodies of any bytes pass scripts in both directions as they were", async () => {
  await fc.assert(
    fc.asyncProperty(headerValue, bytes(1, 20_000), async (value, body) => {
      const answer = await askOnce(port, { method: "POST", headers: { "x-bytes": value }, body });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, body);
      assert.equal(answer.headers.get("x-bytes"), value);
    }),
    { numRuns: 60 },
  );
});
