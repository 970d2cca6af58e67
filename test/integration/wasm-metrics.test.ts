import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { adminAt } from "../support/admin-stats.ts";
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
import { guest } from "../support/wasm-guest.ts";

// Metrics of the three kinds, counted by the guests of two workers, as the admin interface shows them.

const requests = 20;
const waitMs = 60_000;

/** Defines a metric by its type, a name of five letters at `at`, and leaves its id behind the name. */
const defines = (type: number, at: number): string =>
  `(drop (call $proxy_define_metric (i32.const ${type}) (i32.const ${at}) (i32.const 5) (i32.const ${at + 8})))`;
const id = (at: number): string => `(i32.load (i32.const ${at + 8}))`;

const folder = scratchFolder({ after });
const file = path.join(folder, "metrics.wasm");
writeFileSync(
  file,
  await guest(`
    (data (i32.const 512) "count") (data (i32.const 528) "level") (data (i32.const 544) "sizes")
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      ${defines(0, 512)} ${defines(1, 528)} ${defines(2, 544)} (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $proxy_increment_metric ${id(512)} (i64.const 2)))
      (drop (call $proxy_record_metric ${id(528)} (i64.const 7)))
      (drop (call $proxy_record_metric ${id(544)} (i64.const 30)))
      (i32.const 0))`),
);

test("counters, gauges and histograms of guests are shown", async () => {
  await using upstream = await TestUpstream.start(answering(() => ok("hello")));
  const [port, adminPort] = [await freePort(), await freePort()];
  await startSluice(
    { after },
    {
      folder,
      args: ["--concurrency", "2"],
      config: bootstrap(
        [httpListener({ port, filters: [httpFilter("metrics", wasmConfig(file))] })],
        [staticCluster("upstream", [upstream.port])],
        { ...adminAt(adminPort), stats_flush_on_admin: true },
      ),
    },
  );
  const shown = async (page: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}${page}`);
    return answer.text();
  };
  await Promise.all(Array.from({ length: requests }, () => askOnce(port)));
  // Histograms are merged with the next flush.
  const merged = `sizes_count{} ${requests}\n`;
  const deadline = performance.now() + waitMs;
  let prometheus = await shown("/stats/prometheus");
  while (!prometheus.includes(merged)) {
    assert.ok(performance.now() < deadline, prometheus);
    await sleep(50);
    prometheus = await shown("/stats/prometheus");
  }
  const text = await shown("/stats?filter=^wasmcustom");
  assert.match(text, new RegExp(`^wasmcustom\\.count: ${2 * requests}$`, "m"));
  assert.match(text, /^wasmcustom\.level: 7$/m);
  assert.match(text, /^wasmcustom\.sizes: P0\([^)]*,30(\.\d+)?\)/m);
  assert.match(prometheus, new RegExp(`^# TYPE count counter\ncount\\{\\} ${2 * requests}$`, "m"));
  assert.match(prometheus, /^# TYPE level gauge\nlevel\{\} 7$/m);
});
