import assert from "node:assert/strict";
import net from "node:net";
import path from "node:path";
import { once } from "node:events";
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

// A filter built with the Rust SDK that asks another cluster before it lets a request pass. The same answers come from
// Envoy 1.40.

const folder = scratchFolder({ after });
const module = path.resolve(import.meta.dirname, "../fixtures/wasm/rust/probe.wasm");
const heads: string[] = [];
const auth = await TestUpstream.start(
  answering((head, body) => {
    heads.push(head);
    return ok(`${head.split(" ")[1]} ${body}`);
  }),
);
const upstream = await TestUpstream.start(
  answering((head) => ok(/\r\nx-call: ([^\r]*)/.exec(head)?.[1] ?? "nothing")),
);
after(() => Promise.all([auth, upstream].map((each) => each[Symbol.asyncDispose]())));
// Accepts and never answers.
const silent = net.createServer().listen(0, "127.0.0.1");
await once(silent, "listening");
const sockets = new Set<net.Socket>();
silent.on("connection", (socket) => sockets.add(socket));
after(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});

const port = await freePort();
await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [httpFilter("rust", wasmConfig(module, { configuration: "hello" }))],
        }),
      ],
      [
        staticCluster("upstream", [upstream.port]),
        staticCluster("auth", [auth.port]),
        staticCluster("nobody", []),
        staticCluster("refused", [await freePort()]),
        staticCluster("silent", [(silent.address() as net.AddressInfo).port]),
      ],
    ),
  },
);

const ask = (told: string, cluster: string) =>
  askOnce(port, { headers: { "x-do": told, "x-cluster": cluster } });

test("a filter waits for the answer of a call, and lets the request pass with it", async () => {
  const { body } = await ask("call", "auth");
  assert.equal(body, "200 /one who?");
  const head = heads.at(-1)!;
  assert.match(head, /^POST \/one HTTP\/1\.1\r\nhost: auth\r\n/);
  assert.match(head, /\r\nx-called: yes/);
  assert.match(head, /\r\ncontent-length: 4/);
  assert.match(head, /\r\nx-envoy-internal: true/);
  assert.doesNotMatch(head, /x-forwarded-for/);
});

test("a filter refuses a request by the answer of a call", async () => {
  const answer = await ask("deny", "auth");
  assert.equal(answer.status, 403);
  assert.equal(answer.body, "200 /one who?");
});

test("a filter has two calls under way", async () => {
  const { body } = await ask("calls", "auth");
  assert.deepEqual(body.split(", ").sort(), ["200 /one who?", "200 /two who?"]);
});

test("calls that cannot be made fail at once, others by an answer in the upstream's place", async () => {
  assert.equal((await ask("call", "unknown")).body, "BadArgument");
  assert.equal((await ask("call", "nobody")).body, "InternalFailure");
  assert.match(
    (await ask("call", "refused")).body,
    /^503 upstream connect error or disconnect\/reset before headers\. reset reason: remote connection failure/,
  );
  assert.equal((await ask("call", "silent")).body, "504 upstream request timeout");
});
