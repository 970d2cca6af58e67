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

// `sluice.guests`: a profile for all scripts, and a dialect for one.

const says = (name: string, expression: string): string => `
  function envoy_on_response(h)
    h:headers():add("${name}", tostring(${expression}))
  end`;

const upstream = await TestUpstream.start(answering(() => ok("")));
after(() => upstream[Symbol.asyncDispose]());
const port = await freePort();
const sluice = await startSluice(
  { after },
  {
    folder: scratchFolder({ after }),
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [
            httpFilter("plain", luaConfig(says("x-plain", '7 // 2 .. " " .. 10 / 2'))),
            httpFilter("open", luaConfig(says("x-open", "os.time() > 0"))),
            httpFilter(
              "jailed",
              luaConfig(says("x-jailed", "select(2, pcall(function() local t = os.time() end))")),
            ),
          ],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      {
        bootstrap_extensions: [
          {
            name: "sluice.guests",
            typed_config: {
              "@type": "type.googleapis.com/sluice.guests.v1.Guests",
              default_lua: { profile: "SANDBOXED" },
              entries: [
                { name: "plain", limits: {}, lua: { dialect: "LUA_5_4" } },
                { name: "open", limits: {}, lua: { profile: "ENVOY_COMPATIBLE" } },
              ],
            },
          },
        ],
      },
    ),
  },
);

test("a dialect and a profile are chosen for all scripts or by the filter's name", async () => {
  const { headers } = await askOnce(port);
  assert.equal(headers.get("x-plain"), "3 5.0");
  assert.equal(headers.get("x-open"), "true");
  assert.match(
    headers.get("x-jailed") ?? "",
    /os\.time is not supported in the sandboxed profile$/,
  );
});

test("a hook that a script lacks is told of while it is loaded", async () => {
  await sluice.untilLogged(
    "[info][lua] envoy_on_request() function not found. Lua filter will not hook requests.",
  );
});
