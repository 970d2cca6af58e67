import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { GrpcServer } from "../support/grpc-server.ts";
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
import { startSluice } from "../support/sluice-process.ts";

// A filter built with the Rust SDK, which holds requests until a gRPC service has answered. The same answers come from
// Envoy 1.40.

const module = path.resolve(import.meta.dirname, "../fixtures/wasm/rust/grpc.wasm");
const server = await GrpcServer.start();
const upstream = await TestUpstream.start(answering(() => ok("upstream")));
after(() => Promise.all([server, upstream].map((each) => each[Symbol.asyncDispose]())));
const port = await freePort();
await startSluice(
  { after },
  {
    args: ["--concurrency", "1"],
    config: bootstrap(
      [httpListener({ port, filters: [httpFilter("rust", wasmConfig(module))] })],
      [
        staticCluster("upstream", [upstream.port]),
        staticCluster("echo", [server.port], { http2_protocol_options: {} }),
      ],
    ),
  },
);

const ask = async (told: string): Promise<string> =>
  (await askOnce(port, { headers: { "x-do": told } })).body;

test("a filter answers with what a call gave", async () => {
  assert.equal(await ask("call echo"), "answer 0 who?");
  assert.equal(server.heads.at(-1)!["x-from"], "rust");
  assert.equal(await ask("call failsLate"), "answer 5 5 gone{via_upstream}");
});

test("a filter answers with what came on a stream", async () => {
  assert.equal(
    await ask("stream upper"),
    "initial 1st, message ONE, message TWO, trailing end, close 0 0 via_upstream",
  );
  assert.equal(
    await ask("stream fails"),
    "initial , trailing t, close 9 9 not %25 now{via_upstream}",
  );
});
