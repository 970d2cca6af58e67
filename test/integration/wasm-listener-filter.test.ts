import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { assemblyScript } from "../support/assemblyscript.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

test("state that a listener filter sets is seen by HTTP filters and access logs", async (t) => {
  const folder = scratchFolder(t);
  const file = path.join(folder, "gate.wasm");
  writeFileSync(file, await assemblyScript("test/fixtures/wasm/assembly/accepted.ts"));
  const accessLog = path.join(folder, "access.log");
  const port = await freePort();
  const gate = wasmConfig(file, { name: "gate", configuration: "accept=want:64;bytes=look" });
  const script = `function envoy_on_request(handle)
    local seen = handle:streamInfo():filterState():get("wasm.first_line")
    handle:respond({ [":status"] = "200" }, seen)
  end`;
  const listener = httpListener({
    port,
    filters: [httpFilter("script", luaConfig(script))],
    accessLog,
    logFormat: "%FILTER_STATE(wasm.first_line:PLAIN)%",
    listener: {
      listener_filters: [
        {
          name: "gate",
          typed_config: { ...gate, "@type": typeUrl("sluice.listener.wasm.v1.Wasm") },
        },
      ],
    },
    routes: [{ match: { prefix: "/" }, direct_response: { status: 404 } }],
  });
  await startSluice(t, { folder, config: bootstrap([listener]), args: ["--concurrency", "1"] });
  assert.equal((await askOnce(port)).body, "GET /");
  assert.deepEqual(await logLines(accessLog, 1), ["GET /"]);
});
