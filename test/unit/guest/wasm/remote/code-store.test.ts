import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../../../host/src/common/headers/header-map.ts";
import { systemRandom } from "../../../../../host/src/common/time/clock.ts";
import { CodeFiles, sha256Of } from "../../../../../host/src/guest/wasm/remote/code-files.ts";
import { CodeStore, codeStoreStats } from "../../../../../host/src/guest/wasm/remote/code-store.ts";
import type { RemoteCode } from "../../../../../host/src/guest/wasm/remote/remote-code.ts";
import { StatsStore } from "../../../../../host/src/stats/stats-store.ts";
import { scratchFolder } from "../../../../support/sluice-process.ts";
import { RecordedClusters, type RecordedCall } from "../../../../support/wasm-clusters.ts";

const code = Buffer.from("code");
const remote: RemoteCode = {
  uri: "http://code.example/x",
  authority: "code.example",
  path: "/x",
  cluster: "known",
  timeoutMs: 1000,
  sha256: sha256Of(code),
  retries: 2,
  retryBaseMs: 100,
  retryMaxMs: 300,
  nackOnMiss: false,
};

class Bench {
  readonly clusters = new RecordedClusters();
  nowMs = 0;
  readonly waits: number[] = [];
  readonly stats = codeStoreStats(new StatsStore().main);
  readonly folder: string;
  readonly store: CodeStore;

  constructor(t: TestContext) {
    this.folder = scratchFolder(t);
    this.store = new CodeStore(
      {
        clusters: () => Promise.resolve(this.clusters.manager),
        files: new CodeFiles(this.folder),
        time: { monotonicMs: () => this.nowMs, systemMs: () => this.nowMs },
        random: { ...systemRandom, uint32: () => 0xffff_ffff },
        sleep: (ms) => {
          this.waits.push(ms);
          return Promise.resolve();
        },
      },
      this.stats,
    );
  }

  /** The call that is under way, when there is one. */
  async call(): Promise<RecordedCall> {
    const { calls } = this.clusters;
    while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return calls.shift()!;
  }

  async answer(status: string, body: string): Promise<void> {
    const { callbacks } = await this.call();
    const headers = headerMapOf([[":status", status]]);
    callbacks.onSuccess({ headers, body: OwnedBuffer.latin1(body), trailers: undefined });
  }
}

test("CodeStore.fetch() asks once for all who want the same", async (t) => {
  const bench = new Bench(t);
  const both = [bench.store.fetch(remote), bench.store.fetch(remote)];
  await bench.answer("200", "code");
  for (const result of await Promise.all(both)) assert.ok(result.ok);
  assert.equal(bench.clusters.calls.length, 0);
  assert.equal(bench.stats.fetchSuccesses.value, 1);
  assert.equal(bench.store.lookUp(remote).kind, "code");
  assert.equal(bench.stats.hits.value, 1);
});

test("CodeStore.fetch() waits longer before each retry, up to the longest", async (t) => {
  const bench = new Bench(t);
  const fetching = bench.store.fetch(remote);
  await bench.answer("503", "");
  (await bench.call()).callbacks.onFailure("reset");
  await bench.answer("200", "other");
  const result = await fetching;
  assert.ok(!result.ok);
  assert.match(
    result.error,
    /the content has sha256 [0-9a-f]{64}, and [0-9a-f]{64} is configured$/,
  );
  assert.equal(bench.waits.length, 2);
  for (const wait of bench.waits) assert.ok(wait >= 50 && wait <= 350, String(wait));
});

test("CodeStore.lookUp() remembers a failure for ten seconds, and code for a day without use", async (t) => {
  const bench = new Bench(t);
  const once = { ...remote, retries: 0 };
  const fetching = bench.store.fetch(once);
  await bench.answer("404", "");
  await fetching;
  assert.equal(bench.store.lookUp(once).kind, "failed");
  assert.equal(bench.stats.negativeHits.value, 1);
  bench.nowMs += 10_001;
  assert.equal(bench.store.lookUp(once).kind, "absent");
  const again = bench.store.fetch(once);
  await bench.answer("200", "code");
  await again;
  writeFileSync(path.join(bench.folder, `${remote.sha256}.wasm`), "damaged");
  bench.nowMs += 20 * 3600 * 1000;
  assert.equal(bench.store.lookUp(once).kind, "code");
  bench.nowMs += 20 * 3600 * 1000;
  assert.equal(bench.store.lookUp(once).kind, "code", "it was used");
  bench.nowMs += 25 * 3600 * 1000;
  assert.equal(bench.store.lookUp(once).kind, "absent");
});

test("CodeStore.fetch() names the cluster that does not exist", async (t) => {
  const bench = new Bench(t);
  const result = await bench.store.fetch({ ...remote, cluster: "nowhere", retries: 0 });
  assert.deepEqual(result, {
    ok: false,
    error: "there is no cluster nowhere to fetch http://code.example/x through",
  });
});

test("CodeFiles keeps the files used last, and does without a folder that cannot be written", (t) => {
  const files = new CodeFiles(scratchFolder(t));
  files.write(remote.sha256, code);
  assert.deepEqual(files.read(remote.sha256), code);
  const file = path.join(scratchFolder(t), "file");
  writeFileSync(file, "not a folder");
  const nowhere = new CodeFiles(path.join(file, "cache"));
  nowhere.write(remote.sha256, code);
  assert.equal(nowhere.read(remote.sha256), undefined);
});
