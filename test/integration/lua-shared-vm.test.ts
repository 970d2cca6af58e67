import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { eventually } from "../support/eventually.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, luaConfig, staticCluster } from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

const upstream = await TestUpstream.start(answering(() => ok("hello")));
after(() => upstream[Symbol.asyncDispose]());
const [port, adminPort] = [await freePort(), await freePort()];
const folder = scratchFolder({ after });

/** A filter whose two scripts are the same, and have one state between them. */
const twice = (version: string): JsonObject => {
  const script = `count = 0
    function envoy_on_response(h)
      count = count + 1
      h:headers():add("x-count", "${version} " .. count)
    end`;
  return luaConfig(script, {
    source_codes: { other: { inline_string: script } },
    shared_vm_id: "one",
  });
};
const filter = new PushedFilter(folder, "script", ["lua"], twice("1"));
const named = {
  script: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
    name: "other",
  },
};
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [filter.entry()],
          routes: [
            {
              match: { prefix: "/other" },
              route: { cluster: "upstream" },
              typed_per_filter_config: named,
            },
            { match: { prefix: "/" }, route: { cluster: "upstream" } },
          ],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      adminAt(adminPort),
    ),
  },
);

test("scripts of one shared_vm_id have one state, which goes when the last of them does", async () => {
  const count = async (path: string): Promise<string | undefined> =>
    (await askOnce(port, { path })).headers.get("x-count");
  for (const version of ["1", "2", "3"]) {
    if (version !== "1") await filter.push(sluice, version, twice(version));
    assert.equal(await count("/"), `${version} 1`);
    assert.equal(await count("/other"), `${version} 2`);
  }
  await eventually(
    async () => (await statsBelow(adminPort, "lua.lua_vm_count")).get("") === 1,
    "the states of old versions are gone",
  );
});
