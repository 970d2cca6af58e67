import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { after, test } from "node:test";
import { TestClient } from "../support/hcm-server.ts";
import { ask, parseAnswer, requestText } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { startSluice } from "../support/sluice-process.ts";

// Peers that are slow, or do not read at all, beside others on the same worker.

const megabyte = 1_048_576;
/** What is sent to those that do not read; what they may hold up is far less. */
const total = 192 * megabyte;
/** The proxy's buffers are 1 MiB on each side; the kernel takes more, as much as it is configured to. */
const held = 96 * megabyte;
const block = Buffer.alloc(65_536, "0123456789abcdef");

/** Writes `total` bytes as fast as they are taken. */
class Source {
  written = 0;

  constructor(socket: net.Socket) {
    const next = (): void => {
      while (this.written < total) {
        this.written += block.length;
        if (!socket.write(block)) break;
      }
      // What waits in this process has not been taken by anybody.
      if (this.written < total) socket.once("drain", next);
    };
    next();
  }
}

const sources: Source[] = [];
const quick = await TestUpstream.start(answering(() => ok("quick")));
const large = await TestUpstream.start((socket) => {
  socket.once("data", () => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
    sources.push(new Source(socket));
  });
});
/** Reads nothing after the head until told. */
const stalled: net.Socket[] = [];
const reluctant = await TestUpstream.start((socket) => {
  socket.once("data", (head: Buffer) => {
    socket.pause();
    // What came with the head belongs to the body.
    socket.unshift(head.subarray(head.indexOf("\r\n\r\n") + 4));
    stalled.push(socket);
  });
});
const byByte = await TestUpstream.start((socket) => {
  socket.once("data", () => {
    const text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nslow\r\n0\r\n\r\n";
    sendByByte(socket, text);
  });
});
for (const upstream of [quick, large, reluctant, byByte]) {
  after(() => upstream[Symbol.asyncDispose]());
}

function sendByByte(socket: net.Socket, text: string): void {
  let at = 0;
  const next = (): void => {
    if (at < text.length) socket.write(text[at++]!, "latin1", () => setImmediate(next));
  };
  next();
}

const port = await freePort();
const to = (path: string, cluster: string) => ({
  match: { prefix: path },
  route: { cluster, timeout: "0s" },
});
const script = `function envoy_on_response(handle) handle:headers():add("x-lua", "yes") end`;
const sluice = await startSluice(
  { after },
  {
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [httpFilter("lua", luaConfig(script))],
          routes: [
            to("/large", "large"),
            to("/reluctant", "reluctant"),
            to("/by-byte", "by-byte"),
            to("/", "quick"),
          ],
        }),
      ],
      [
        staticCluster("quick", [quick.port]),
        staticCluster("large", [large.port]),
        staticCluster("reluctant", [reluctant.port]),
        staticCluster("by-byte", [byByte.port]),
      ],
    ),
  },
);

/** Many requests of somebody else, one after another: whatever could flow meanwhile has flowed. */
async function others(count = 300): Promise<void> {
  await using client = await TestClient.connect(port);
  for (let i = 0; i < count; i += 1) assert.equal((await ask(client)).body, "quick");
}

test("a request that comes one byte at a time is answered, and others meanwhile", async () => {
  await using client = await TestClient.connect(port);
  const text = requestText({ method: "POST", path: "/slow", body: "some body" });
  sendByByte(client.socket, text);
  await others(50);
  const answer = parseAnswer(await client.response());
  assert.deepEqual(
    [answer.status, answer.body, answer.headers.get("x-lua")],
    [200, "quick", "yes"],
  );
  assert.equal((await ask(client)).body, "quick", "the connection goes on");
});

test("a response that comes one byte at a time arrives whole", async () => {
  await using client = await TestClient.connect(port);
  const answer = await ask(client, { path: "/by-byte" });
  assert.deepEqual([answer.status, answer.body, answer.headers.get("x-lua")], [200, "slow", "yes"]);
});

test("a client that does not read holds up its upstream, and nobody else", async () => {
  const socket = net.connect(port, "127.0.0.1");
  socket.pause();
  socket.write(requestText({ path: "/large" }), "latin1");
  while (sources.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await others();
  const taken = sources[0]!.written;
  assert.ok(taken < held, `${taken} bytes were taken for a client that read none`);
  const { bytes, hash } = await readAll(socket, (text) => text.indexOf("\r\n\r\n") + 4);
  assert.equal(bytes, total);
  assert.equal(hash, hashOf(total));
});

test("an upstream that does not read holds up its client, and nobody else", async () => {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(`POST /reluctant HTTP/1.1\r\nhost: h\r\ncontent-length: ${total}\r\n\r\n`, "latin1");
  const source = new Source(socket);
  while (stalled.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await others();
  assert.ok(
    source.written < held,
    `${source.written} bytes were taken for an upstream that read none`,
  );
  const { bytes, hash } = await readAll(stalled[0]!, () => 0);
  assert.equal(bytes, total);
  assert.equal(hash, hashOf(total));
  socket.destroy();
});

test("all of it was the same data plane", () => {
  assert.equal(sluice.stderr.split("starting workers").length, 2);
});

/** Reads until the body is there. `skip` gives the length of what stands before it. */
async function readAll(
  socket: net.Socket,
  skip: (text: string) => number,
): Promise<{ bytes: number; hash: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  let begun = false;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const body = begun ? chunk : chunk.subarray(skip(chunk.toString("latin1")));
    begun = true;
    hash.update(body);
    bytes += body.length;
    if (bytes >= total) break;
  }
  return { bytes, hash: hash.digest("hex") };
}

function hashOf(length: number): string {
  const hash = createHash("sha256");
  for (let done = 0; done < length; done += block.length) hash.update(block);
  return hash.digest("hex");
}
