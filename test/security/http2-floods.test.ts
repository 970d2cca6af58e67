import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  clientStart,
  fields,
  frame,
  FrameClient,
  getHead,
  type ReceivedFrame,
} from "../support/http2.ts";
import { answeringWithTrailers } from "../support/failing-callbacks-proxy.ts";
import { Neighbours } from "../support/neighbours.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Floods of HTTP/2 frames against the command, on the one worker that 50 connections of neighbours are at work on:
// these are answered throughout, each flood ends, and memory grows by less than 50 MB.

const waitMs = 60_000;
const growthMax = 50 * 1024 * 1024;
const folder = scratchFolder({ after });
const large = 1024 * 1024;
const upstream = await TestUpstream.start(answeringWithTrailers);
after(() => upstream[Symbol.asyncDispose]());
const big = await TestUpstream.start((socket) => {
  socket.once("data", () => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${large}\r\n\r\n`);
    socket.write(Buffer.alloc(large, 0x61));
  });
});
after(() => big[Symbol.asyncDispose]());

const [port, bigPort, metadataPort] = [await freePort(), await freePort(), await freePort()];
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({ port, hcm: { http_protocol_options: { enable_trailers: true } } }),
        httpListener({
          name: "metadata",
          port: metadataPort,
          hcm: {
            http2_protocol_options: {
              allow_metadata: true,
              initial_connection_window_size: 1_048_576,
            },
          },
        }),
        httpListener({
          name: "big",
          port: bigPort,
          routes: [{ match: { prefix: "/" }, route: { cluster: "big" } }],
        }),
      ],
      [staticCluster("upstream", [upstream.port]), staticCluster("big", [big.port])],
    ),
  },
);
const neighbours = await Neighbours.start(port, 50);
after(() => neighbours.stop());

const count = 50_000;
const repeat = (make: (i: number) => Buffer): Buffer[] =>
  Array.from({ length: count }, (_each, i) => make(i));
const stream = (i: number): number => 2 * i + 1;
const open = frame(1, 4, 1, getHead);
const cancel = Buffer.from([0, 0, 0, 8]);
const indexed = Buffer.concat([Buffer.from([0x40]), fields(["x-a", "b".repeat(3900)]).subarray(1)]);

const floods: Readonly<Record<string, readonly Buffer[]>> = {
  SETTINGS: repeat(() => frame(4, 0, 0)),
  PING: repeat(() => frame(6, 0, 0, Buffer.alloc(8))),
  PRIORITY: repeat((i) => frame(2, 0, stream(1 + (i % 99)), Buffer.from([0, 0, 0, 0, 9]))),
  WINDOW_UPDATE: repeat(() => frame(8, 0, 0, Buffer.from([0, 0, 0, 1]))),
  "empty DATA": [open, ...repeat(() => frame(0, 0, 1))],
  "empty CONTINUATION": [frame(1, 1, 1, getHead), ...repeat(() => frame(9, 0, 1))],
  CONTINUATION: [
    frame(1, 1, 1, getHead),
    ...repeat(() => frame(9, 0, 1, fields(["x-a", "b".repeat(200)]))),
  ],
  "streams that are reset at once": repeat((i) =>
    Buffer.concat([frame(1, 5, stream(i), getHead), frame(3, 0, stream(i), cancel)]),
  ),
  "streams beyond the limit": repeat((i) => frame(1, 4, stream(i), getHead)),
};

const entries = fields(["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"], ["i", "j"]);
const metadataFloods: Readonly<Record<string, readonly Buffer[]>> = {
  METADATA: [open, ...repeat(() => frame(0x4d, 4, 1, entries))],
  "METADATA without an end": [open, ...repeat(() => frame(0x4d, 0, 1, entries))],
  "METADATA on many streams": [
    ...Array.from({ length: 50 }, (_each, i) => frame(1, 4, stream(i), getHead)),
    ...repeat((i) => frame(0x4d, 4, stream(i % 50), entries)),
  ],
};

function residentBytes(): number {
  const status = readFileSync(`/proc/${sluice.dataPlanePid!}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1024;
}

/** Runs a flood, and checks what it leaves in memory; what has not been collected yet is waited for. */
async function bounded(t: TestContext, flood: () => Promise<void>): Promise<void> {
  const before = residentBytes();
  await flood();
  let growth = residentBytes() - before;
  for (const deadline = performance.now() + waitMs; growth >= growthMax; await neighbours.ask()) {
    growth = residentBytes() - before;
    if (performance.now() > deadline) break;
  }
  t.diagnostic(`memory grew by ${(growth / 1024 / 1024).toFixed(1)} MB`);
  assert.ok(growth < growthMax, `memory grew by ${growth} bytes`);
}

for (let i = 0; i < 20; i += 1) await neighbours.ask();

const all: readonly (readonly [string, readonly Buffer[], number])[] = [
  ...Object.entries(floods).map(([what, frames]) => [what, frames, port] as const),
  ...Object.entries(metadataFloods).map(([what, frames]) => [what, frames, metadataPort] as const),
];
for (const [what, frames, target] of all) {
  test(`a flood of ${what} ends, and neighbours are served meanwhile`, (t) =>
    bounded(t, async () => {
      await using client = await FrameClient.connect(target);
      let over = false;
      const flooded = client.sendAll([clientStart, ...frames]).then(async () => {
        await client.until(() => client.closed || client.frames.some(({ type }) => type === 7));
        over = true;
      });
      const deadline = performance.now() + waitMs;
      while (!over) {
        assert.ok(performance.now() < deadline, "the flood goes on");
        await neighbours.ask();
        await sleep(1);
      }
      await flooded;
      await neighbours.ask();
    }));
}

test("references to a large field cost their streams only, and neighbours are served meanwhile", (t) =>
  bounded(t, async () => {
    const streams = 50;
    await using client = await FrameClient.connect(port);
    client.send(clientStart, frame(1, 5, 1, Buffer.concat([getHead, indexed])));
    const references = Buffer.concat([getHead, Buffer.alloc(16_000, 0xbe)]);
    for (let i = 1; i < streams; i += 1) client.send(frame(1, 5, stream(i), references));
    const ended = ({ type, flags }: ReceivedFrame): boolean =>
      type === 3 || (type < 2 && (flags & 1) !== 0);
    const answered = client.until(() => client.frames.filter(ended).length >= streams);
    for (let i = 0; i < 20; i += 1) await neighbours.ask();
    await answered;
    assert.ok(!client.closed);
  }));

test("streams whose windows stay shut hold no more than their buffers", (t) =>
  bounded(t, async () => {
    await using client = await FrameClient.connect(bigPort);
    const noWindow = Buffer.from([0, 4, 0, 0, 0, 0]);
    client.send(clientStart, frame(4, 0, 0, noWindow));
    for (let i = 0; i < 100; i += 1) client.send(frame(1, 5, stream(i), getHead));
    const heads = (): number => client.frames.filter(({ type }) => type === 1).length;
    await client.until(() => heads() === 100);
    assert.equal(heads(), 100);
    for (let i = 0; i < 20; i += 1) await neighbours.ask();
  }));
