import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { failingModule, failures, type Failure } from "../support/failing-callbacks.ts";
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

// A trap and an endless loop in the callbacks for METADATA, which come over HTTP/2 only. The other callbacks are in
// guest-callbacks.test.ts.

const folder = scratchFolder({ after });
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

interface FailingCase {
  readonly callback: "proxy_on_request_metadata" | "proxy_on_response_metadata";
  readonly failure: Failure;
  readonly plugin: string;
  readonly port: number;
}

const options = { allow_metadata: true };
const cases: FailingCase[] = [];
for (const callback of ["proxy_on_request_metadata", "proxy_on_response_metadata"] as const) {
  for (const failure of Object.keys(failures) as Failure[]) {
    cases.push({ callback, failure, plugin: `${callback}.${failure}`, port: await freePort() });
  }
}
const neighbourPort = await freePort();
const adminPort = await freePort();
const listener = async (name: string, port: number, code: Uint8Array) => {
  const file = path.join(folder, `${name}.wasm`);
  writeFileSync(file, code);
  const config = wasmConfig(file, { name, vm: { vm_id: name } });
  const filters = [httpFilter("guest", config)];
  return httpListener({ name, port, filters, hcm: { http2_protocol_options: options } });
};
const listeners = [
  await listener(
    "neighbour",
    neighbourPort,
    await guest(
      `(func (export "proxy_on_request_metadata") (param i32 i32) (result i32) (i32.const 0))`,
    ),
  ),
];
for (const { callback, failure, plugin, port } of cases) {
  const code = await failingModule({ name: callback, outcome: "any" }, failure);
  listeners.push(await listener(plugin, port, code));
}
await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      listeners,
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

/** A client with one request, and what it gets. */
async function ask(port: number): Promise<string> {
  await using client = await FrameClient.connect(port);
  client.send(clientStart, head, metadata(1, ["a", "b"]), data(1, "body", true));
  await client.until(() => /END|RST/.test(shown(client.frames, 1)));
  return shown(client.frames, 1);
}

for (const { callback, failure, plugin, port } of cases) {
  test(`a ${failure} in ${callback} costs the streams of its VM only`, async () => {
    await using neighbour = await FrameClient.connect(neighbourPort);
    neighbour.send(clientStart, head, metadata(1, ["a", "b"]));
    const whole = "HEAD M{a=b} D2 END";
    const outcome = await ask(port);
    assert.equal(outcome, callback === "proxy_on_request_metadata" ? "HEAD END" : "HEAD RST");
    assert.equal(await ask(port), "HEAD END");
    const stats = await statsBelow(adminPort, `sluice.wasm.${plugin}.`);
    assert.equal(stats.get("vm_failed"), 1);
    assert.equal(stats.get("cpu_limit_exceeded"), failure === "loop" ? 1 : 0);
    neighbour.send(data(1, "", true));
    await neighbour.until(() => /END|RST/.test(shown(neighbour.frames, 1)));
    assert.equal(shown(neighbour.frames, 1), whole);
  });
}
