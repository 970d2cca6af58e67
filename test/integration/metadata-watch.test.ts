import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { type Finished, run, sluiceBin } from "../support/command.ts";
import { clientStart, fields, frame, FrameClient } from "../support/http2.ts";
import { data, metadata, shown } from "../support/metadata-frames.ts";
import { MetadataUpstream } from "../support/metadata-upstream.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// The callbacks for METADATA, as `sluice trace`, recordings and /stats tell of them.

const folder = scratchFolder({ after });
const module = path.join(folder, "entries.wasm");
writeFileSync(
  module,
  await guest(`
    (data (i32.const 0) "entries")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "proxy_on_request_metadata") (param i32 i32) (result i32)
      (drop (call $proxy_log (i32.const 2) (i32.const 0) (local.get 1))) (i32.const 0))
    (func (export "proxy_on_response_metadata") (param i32 i32) (result i32)
      (drop (call $proxy_log (i32.const 2) (i32.const 0) (local.get 1))) (i32.const 0))`),
);
const upstream = await MetadataUpstream.start(
  new Map([
    [
      "metadata",
      async (request) => {
        await request.until((seen) => /END|RST/.test(seen));
        const { streamId } = request;
        request.send(request.head(), metadata(streamId, ["a", "b"]), data(streamId, "ok", true));
      },
    ],
  ]),
);
after(() => upstream.close());
const options = { allow_metadata: true };
const [port, adminPort] = [await freePort(), await freePort()];
await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [httpFilter("entries", wasmConfig(module, { name: "entries" }))],
          hcm: { http2_protocol_options: options },
        }),
      ],
      [staticCluster("upstream", [upstream.port], { http2_protocol_options: options })],
      adminAt(adminPort),
    ),
  },
);

const head = frame(
  1,
  4,
  1,
  fields([":method", "POST"], [":scheme", "http"], [":authority", "h"], [":path", "/metadata"]),
);

async function ask(): Promise<void> {
  await using client = await FrameClient.connect(port);
  client.send(clientStart, head, metadata(1, ["a", "b"], ["c", "d"]), data(1, "body", true));
  await client.until(() => /END|RST/.test(shown(client.frames, 1)));
  assert.equal(shown(client.frames, 1), "HEAD M{a=b} D2 END");
}

/** Runs a command until it has seen a stream: nothing tells when it has begun. */
async function watching(...args: readonly string[]): Promise<Finished> {
  let ended = false;
  const command = [sluiceBin, ...args, "--admin", `127.0.0.1:${adminPort}`];
  const running = run(process.execPath, command, { cwd: folder }).finally(() => (ended = true));
  while (!ended) {
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return running;
}

test("sluice trace shows the callbacks for METADATA", async () => {
  const { code, stdout, stderr } = await watching("trace", "entries");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /proxy_on_request_metadata\(context \d+, entries 2\)/);
  assert.match(stdout, /proxy_on_response_metadata\(context \d+, entries 1\)/);
  assert.match(stdout, /proxy_on_request_metadata\(.*\n.*proxy_log\(INFO, "en"\).*\n.*CONTINUE/);
});

test("a recorded stream with METADATA does the same again", async () => {
  const recorded = await watching("record", "entries", "-o", "recording.jsonl");
  assert.equal(recorded.code, 0, recorded.stderr);
  const replay = [sluiceBin, "replay", "recording.jsonl"];
  const { code, stdout, stderr } = await run(process.execPath, replay, { cwd: folder });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^the module does what was recorded: \d+ callbacks, 2 host calls\n$/);
  const suite = await run(process.execPath, [...replay, "--test"], { cwd: folder });
  assert.notEqual(suite.code, 0);
  assert.match(suite.stderr, /METADATA of HTTP\/2 was recorded, and suites cannot send it/);
});

test("/stats tells what the callbacks for METADATA cost", async () => {
  await ask();
  const url = `http://127.0.0.1:${adminPort}/stats?type=Histograms&filter=sluice`;
  const names = ["request", "response"].map(
    (side) => `sluice.wasm.entries.proxy_on_${side}_metadata.self_ns`,
  );
  const deadline = performance.now() + 30_000;
  let text = "";
  while (!names.every((name) => text.includes(name)) && performance.now() < deadline) {
    text = await (await fetch(url)).text();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const name of names) assert.ok(text.includes(name), name);
  assert.equal((await statsBelow(adminPort, "sluice.wasm.entries.")).get("vm_failed"), 0);
});
