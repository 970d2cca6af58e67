import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import tls from "node:tls";
import { readClientHello } from "../../../../../host/src/extensions/listener-filters/tls_inspector/client-hello.ts";

/** What Node's client sends first. */
function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    tls.connect({ socket: wire, ...options }).on("error", () => undefined);
  });
}

/** The same message in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    const head = Buffer.from([22, 3, 1, 0, 0]);
    head.writeUInt16BE(part.length, 3);
    records.push(head, part);
  }
  return Buffer.concat(records);
}

const asked = { servername: "Some.Server.TEST", ALPNProtocols: ["h2", "http/1.1"] };
const found = { serverName: "some.server.test", applicationProtocols: ["h2", "http/1.1"] };

test("readClientHello() reads the name and the protocols of every version", async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const hello = await helloOf({ ...asked, minVersion: version, maxVersion: version });
    assert.deepEqual(readClientHello(hello), { ...found, length: hello.length });
  }
});

test("readClientHello() finds neither where there is neither", async () => {
  const hello = await helloOf({});
  const nothing = { serverName: "", applicationProtocols: [], length: hello.length };
  assert.deepEqual(readClientHello(hello), nothing);
});

test("readClientHello() waits until the hello is complete, and reads no further", async () => {
  const hello = await helloOf(asked);
  for (let length = 0; length < hello.length; length += 1) {
    assert.equal(readClientHello(hello.subarray(0, length)), "more", `${length} bytes`);
  }
  const followed = Buffer.concat([hello, Buffer.from("more")]);
  assert.deepEqual(readClientHello(followed), { ...found, length: hello.length });
});

test("readClientHello() puts a hello together from its records", async () => {
  const hello = await helloOf(asked);
  for (const size of [1, 3, 100]) {
    const records = inRecords(hello, size);
    assert.deepEqual(readClientHello(records), { ...found, length: records.length });
    assert.equal(readClientHello(records.subarray(0, -1)), "more");
  }
});

test("readClientHello() knows what is not TLS from the first bytes on", () => {
  for (const text of [
    "G",
    "GET / HTTP/1.1\r\n",
    "\x16\x02",
    "\x16\x03\x01\x00\x00",
    "\x16\x03\x01\xff\xff",
  ]) {
    assert.equal(readClientHello(Buffer.from(text, "latin1")), "not tls", JSON.stringify(text));
  }
  const serverHello = Buffer.from("16030100040200000000", "hex");
  assert.equal(readClientHello(serverHello), "not tls");
  assert.equal(readClientHello(serverHello.subarray(0, 6)), "not tls");
  const tooLong = Buffer.from("160301000401ffffff", "hex");
  assert.equal(readClientHello(tooLong), "not tls");
});

test("readClientHello() takes any damage for no TLS, or ignores it", async () => {
  const hello = await helloOf(asked);
  for (let at = 5; at < hello.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = Buffer.from(hello);
      damaged[at] = value;
      const result = readClientHello(damaged);
      assert.ok(typeof result === "string" || result.length <= hello.length);
    }
  }
});

test("readClientHello() ignores a list of protocols that is not well-formed", async () => {
  const hello = await helloOf(asked);
  const at = hello.indexOf("\x02h2\x08http/1.1", 0, "latin1");
  assert.ok(at > 0);
  const damaged = Buffer.from(hello);
  damaged[at] = 200;
  assert.deepEqual(readClientHello(damaged), {
    serverName: "some.server.test",
    applicationProtocols: [],
    length: hello.length,
  });
});
