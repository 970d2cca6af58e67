import assert from "node:assert/strict";
import { after, test } from "node:test";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Calls of scripts to other clusters, in the command itself.

const script = `
local function call(h, cluster, path, body, timeout)
  return h:httpCall(cluster,
    { [":method"] = "POST", [":path"] = path, [":authority"] = "auth", ["x-user"] = h:headers():get("x-user") or "" },
    body, timeout or 5000)
end
function envoy_on_request(h)
  local act = h:headers():get("x-act")
  if act == "auth" then
    local headers, body = call(h, "callout", "/check", nil)
    if headers["x-allowed"] ~= "yes" then
      h:respond({ [":status"] = "403", ["x-reason"] = body }, "no entry")
    end
    h:headers():add("x-checked", body)
  elseif act == "body" then
    local size = h:body():length()
    local _, answer = call(h, "callout", "/size", tostring(size))
    h:headers():add("x-checked", answer)
  elseif act == "slow" then
    local headers, body = call(h, "silent", "/", nil, 50)
    h:respond({ [":status"] = "200" }, headers[":status"] .. " " .. body)
  elseif act == "dead" then
    local headers, body = call(h, "dead", "/", nil)
    h:respond({ [":status"] = "200" }, headers[":status"] .. " " .. body)
  end
end
function envoy_on_response(h)
  if h:headers():get("x-ask") then
    local _, body = call(h, "callout", "/response", nil)
    h:headers():add("x-asked", body)
  end
end`;

const upstream = await TestUpstream.start(
  answering((head, body) => {
    const ask = /\r\nx-act: response/.test(head) ? "x-ask: 1\r\n" : "";
    return ok(`${/\r\nx-checked: ([^\r]*)/.exec(head)?.[1] ?? ""}|${body}`, ask);
  }),
);
const callout = await TestUpstream.start(
  answering((head, body) => {
    if (head.startsWith("POST /size ")) return ok(`size ${body}`);
    if (head.startsWith("POST /response ")) return ok("asked");
    const user = /\r\nx-user: ([^\r]*)/.exec(head)?.[1];
    const internal = /\r\nx-envoy-internal: true/.test(head);
    return ok(`user ${user}`, user === "root" && internal ? "x-allowed: yes\r\n" : "");
  }),
);
const silent = await TestUpstream.start(() => undefined);
after(() => silent[Symbol.asyncDispose]());
after(() => upstream[Symbol.asyncDispose]());
after(() => callout[Symbol.asyncDispose]());

const port = await freePort();
await startSluice(
  { after },
  {
    folder: scratchFolder({ after }),
    args: ["--concurrency", "1"],
    config: bootstrap(
      [httpListener({ port, filters: [httpFilter("script", luaConfig(script))] })],
      [
        staticCluster("upstream", [upstream.port]),
        staticCluster("callout", [callout.port]),
        staticCluster("silent", [silent.port]),
        staticCluster("dead", []),
      ],
    ),
  },
);

test("a script lets a request pass or not by what another server says", async () => {
  const allowed = await askOnce(port, { headers: { "x-act": "auth", "x-user": "root" } });
  assert.deepEqual([allowed.status, allowed.body], [200, "user root|"]);
  const refused = await askOnce(port, { headers: { "x-act": "auth", "x-user": "me" } });
  assert.deepEqual([refused.status, refused.body], [403, "no entry"]);
  assert.equal(refused.headers.get("x-reason"), "user me");
});

test("a script reads the body, makes a call, and passes both on", async () => {
  const answer = await askOnce(port, {
    method: "POST",
    headers: { "x-act": "body" },
    body: "some text",
  });
  assert.equal(answer.body, "size 9|some text");
});

test("a script makes a call for a response", async () => {
  const answer = await askOnce(port, { headers: { "x-act": "response" } });
  assert.deepEqual([answer.headers.get("x-asked"), answer.body], ["asked", "|"]);
});

test("calls that take too long or find no host give what the router would answer", async () => {
  const slow = await askOnce(port, { headers: { "x-act": "slow" } });
  assert.equal(slow.body, "504 upstream request timeout");
  const dead = await askOnce(port, { headers: { "x-act": "dead" } });
  assert.equal(dead.body, "503 no healthy upstream");
});
