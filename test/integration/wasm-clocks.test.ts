import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { wat } from "../support/wat.ts";

// The proxy reads its own clock once per event; a guest that waits on a clock, as Go's runtime does in a sleep, must
// see it go on.

/** Reads a clock into memory at 64, and at 72 until it has changed. */
const waits = (read: (at: number) => string): string => `
  (drop ${read(64)})
  (loop $again
    (drop ${read(72)})
    (br_if $again (i64.eq (i64.load (i32.const 64)) (i64.load (i32.const 72)))))`;
const wasi = (clock: number) =>
  waits((at) => `(call $clock (i32.const ${clock}) (i64.const 0) (i32.const ${at}))`);

const folder = scratchFolder({ after });
const file = path.join(folder, "clocks.wasm");
writeFileSync(
  file,
  await wat(`(module
    (import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      ${wasi(0)} ${wasi(1)} ${waits((at) => `(call $now (i32.const ${at}))`)}
      (i32.const 0)))`),
);

test("clocks go on while a callback runs", async () => {
  await using upstream = await TestUpstream.start(answering(() => ok("hello")));
  const port = await freePort();
  await startSluice(
    { after },
    {
      folder,
      args: ["--concurrency", "1"],
      config: bootstrap(
        [httpListener({ port, filters: [httpFilter("clocks", wasmConfig(file))] })],
        [staticCluster("upstream", [upstream.port])],
      ),
    },
  );
  assert.equal((await askOnce(port)).status, 200);
});
