import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { assemblyScript } from "../support/assemblyscript.ts";
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
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// A guest that makes the gRPC calls that requests ask for. The same lines come from Envoy 1.40, which tells guests of
// calls that fail at once by callbacks as well.

const folder = scratchFolder({ after });
const module = path.join(folder, "grpc.wasm");
writeFileSync(module, await assemblyScript("test/fixtures/wasm/assembly/grpc.ts"));
const server = await GrpcServer.start();
const upstream = await TestUpstream.start(answering(() => ok("")));
after(() => Promise.all([server, upstream].map((each) => each[Symbol.asyncDispose]())));
const http2 = { http2_protocol_options: {} };
const early = "call echo echo 20000 early";
const port = await freePort();
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [httpFilter("grpc", wasmConfig(module, { configuration: early }))],
        }),
      ],
      [
        staticCluster("upstream", [upstream.port]),
        staticCluster("echo", [server.port], http2),
        staticCluster("nobody", [], http2),
        staticCluster("refused", [await freePort()], http2),
      ],
    ),
  },
);

/** Lines that the guest has logged, but for the call of its configuration, which the canary run logs as well. */
const logged = (): string[] =>
  [...sluice.stderr.matchAll(/wasm log[^:]*: (.*)\.$/gm)]
    .map((match) => match[1]!)
    .filter((line) => !line.includes("early"));
let expected = 0;

/** Has the guest do `what`; the lines are logged in this order, and nothing else. */
async function tell(what: string, ...lines: readonly string[]): Promise<void> {
  await askOnce(port, { headers: { "x-do": what } });
  const from = expected;
  expected += lines.length;
  await sluice.until(() => logged().length >= expected, `${lines.join("\n")}\nafter ${what}`);
  assert.deepEqual(logged().slice(from, expected), lines);
}

/** As `tell`, for a call with this number whose only callback is `outcome`. */
async function call(token: number, what: string, outcome: string): Promise<void> {
  const [callback, ...rest] = outcome.split(" ");
  await tell(what, `did ${what}: 0 ${token}`, [callback, token, ...rest].join(" "));
}

const upstreamSaid = "via_upstream";
const outcomes: readonly (readonly [method: string, outcome: string])[] = [
  ["echo", "receive 5 hello"],
  ["fails", `close 9, status 9 not %25 now{${upstreamSaid}}`],
  ["failsLate", `close 5, status 5 gone{${upstreamSaid}}`],
  ["unavailable", `close 14, status 14 ${upstreamSaid}`],
  ["withoutTrailers", `close 2, status 2 ${upstreamSaid}`],
  ["withoutStatus", `close 2, status 2 ${upstreamSaid}`],
  ["withoutMessage", "close 13, status 13 "],
  ["compressed", `close 13, status 13 ${upstreamSaid}`],
  ["halfMessage", "close 13, status 13 "],
];
let token = 5;
const nextToken = (): number => (token += 4);

test("a call of proxy_on_configure is made, and answered on the worker", async () => {
  await sluice.until(() => /: receive 5 5 early\.$/m.test(sluice.stderr), "the answer");
});

test("calls end by their answer or their status", async () => {
  for (const [method, outcome] of outcomes) {
    await call(nextToken(), `call echo ${method} 20000 hello`, outcome);
  }
  const { "x-from": from, "grpc-timeout": timeout, te } = server.heads.at(-1)!;
  assert.deepEqual([from, timeout, te], ["guest", "20000m", "trailers"]);
  await call(nextToken(), "call echo echo 20000 -", "receive 0 ");
  const late = "upstream request timeout{response_timeout}";
  await call(nextToken(), "call echo silent 50 hello", `close 14, status 14 ${late}`);
});

test("a service is a cluster's name, or an encoded GrpcService", async () => {
  // Cluster `echo` with the authority `auth` and, in the second, the metadata `xab: v`.
  await call(nextToken(), "call hex:0a0c0a046563686f120461757468 echo 20000 hi", "receive 2 hi");
  const service = "hex:0a0c0a046563686f1204617574682a080a03786162120176";
  await call(nextToken(), `call ${service} echo 20000 hi`, "receive 2 hi");
  const { ":authority": authority, xab } = server.heads.at(-1)!;
  assert.deepEqual([authority, xab], ["auth", "v"]);
  await tell("call unknown echo 0 hi", "did call unknown echo 0 hi: 4 0");
});

test("streams carry metadata and messages both ways, and end when both sides have ended", async () => {
  await tell("stream echo upper", "did stream echo upper: 0 6", "initial 6 1st");
  await tell("send 6 0 hello", "did send 6 0 hello: 0 0", "receive 6 5 HELLO");
  await tell("send 6 0 -", "did send 6 0 -: 0 0", "receive 6 0 ");
  const end = ["trailing 6 end", "close 6 0, status 0 via_upstream"];
  await tell("send 6 1 bye", "did send 6 1 bye: 0 0", "receive 6 3 BYE", ...end);
  await tell("stream echo upper", "did stream echo upper: 0 10", "initial 10 1st");
  const closed = ["trailing 10 end", "close 10 0, status 0 via_upstream"];
  await tell("close 10", "did close 10: 0 0", ...closed);
  await tell("close 10", "did close 10: 1 0");
});

test("streams tell of what the server does wrong", async () => {
  const ends: readonly (readonly [method: string, ...lines: string[]])[] = [
    ["fails", "initial - none(1)", "trailing - t", "close - 9, status 9 not %25 now{via_upstream}"],
    [
      "unavailable",
      "initial - none(1)",
      "trailing - none(1)",
      "close - 14, status 14 via_upstream",
    ],
    [
      "withoutTrailers",
      "initial - 1st",
      "receive - 1 x",
      "trailing - none(1)",
      "close - 2, status 2 via_upstream",
    ],
    ["compressed", "initial - 1st", "trailing - none(1)", "close - 13, status 13 via_upstream"],
  ];
  for (const [i, [method, ...lines]] of ends.entries()) {
    const id = 14 + 4 * i;
    const told = lines.map((line) => line.replace("-", `${id}`));
    await tell(`stream echo ${method}`, `did stream echo ${method}: 0 ${id}`, ...told);
  }
});

test("nothing more is told of what was cancelled", async () => {
  await tell("stream echo upper", "did stream echo upper: 0 30", "initial 30 1st");
  await tell("cancel 30", "did cancel 30: 0 0");
  await tell("close 30", "did close 30: 1 0");
  const id = nextToken();
  await tell("call echo silent 0 x", `did call echo silent 0 x: 0 ${id}`);
  await tell(`cancel ${id}`, `did cancel ${id}: 0 0`);
  await tell(`cancel ${id}`, `did cancel ${id}: 1 0`);
});

test("numbers that are of no call are told apart from numbers of calls that are over", async () => {
  await tell("cancel 8", "did cancel 8: 2 0");
  await tell("close 3", "did close 3: 2 0");
  await tell("send 5 0 x", "did send 5 0 x: 2 0");
  await tell("send 4098 0 x", "did send 4098 0 x: 1 0");
});

test("calls that nobody takes fail", async () => {
  const refused =
    /^close \d+ 14, status 14 .*remote connection failure\{upstream_reset_before.*\}$/;
  const id = nextToken();
  await askOnce(port, { headers: { "x-do": "call refused echo 20000 x" } });
  await sluice.until(() => logged().length >= expected + 2, "the failed call");
  const lines = logged().slice(expected);
  assert.equal(lines[0], `did call refused echo 20000 x: 0 ${id}`);
  assert.match(lines[1]!, refused);
  expected += 2;
  await tell("call nobody echo 20000 x", "did call nobody echo 20000 x: 10 0");
});
