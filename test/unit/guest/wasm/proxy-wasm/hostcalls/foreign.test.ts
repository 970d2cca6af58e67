import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { test } from "node:test";
import {
  writeProto,
  readProto,
  bytesField,
  numberField,
} from "../../../../../../host/src/guest/wasm/proxy-wasm/foreign/proto-fields.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";

const ok = 0;
const notFound = 1;
const badArgument = 2;
const invalidMemory = 6;
const serializationFailure = 3;
const foreign = "proxy_call_foreign_function";

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

test("compress and uncompress are each other's inverse", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    calls.vm.memory.bytes.fill(0x61, 8192, 10_192);
    const [, small] = calls.get(foreign, "compress", 8192, 2000);
    assert.ok(small!.length < 40);
    const [, big] = calls.get(foreign, "uncompress", small!);
    assert.equal(big, "a".repeat(2000));
    assert.deepEqual(calls.get(foreign, "uncompress", "no zlib"), [serializationFailure]);
  });
});

test("results are written where they are wanted", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    assert.equal(calls.call(foreign, "compress", "x", 0, 0), ok);
    assert.equal(calls.call(foreign, "compress", "x", 0, 40), ok);
    assert.ok(calls.vm.memory.u32(40)! > 0);
    assert.equal(calls.call(foreign, "compress", "x", 65_534, 0), invalidMemory);
    assert.equal(calls.call(foreign, "compress", 65_534, 9, 0, 0), invalidMemory);
    assert.deepEqual(calls.get(foreign, "clear_route_cache", ""), [ok, ""]);
    assert.deepEqual(calls.get(foreign, "envoy_resolve", "1"), [notFound]);
    assert.deepEqual(calls.get(foreign, "toString", "1"), [notFound]);
    assert.equal(calls.call(foreign, "toString", "x", 65_534, 0), notFound, "nothing to write");
  });
  assert.deepEqual(calls.actions.journal, ["clearRouteCache"]);
});

test("verify_signature tells good signatures from bad ones", async () => {
  const calls = await GuestCalls.create();
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const der = publicKey.export({ type: "spki", format: "der" });
  const text = Buffer.from("text");
  const signature = sign("sha256", text, privateKey);
  const ask = (hash: string, signed: Uint8Array): [number, string] => {
    const args = writeProto(
      { number: 1, value: Buffer.from(hash) },
      { number: 2, value: der },
      { number: 3, value: signature },
      { number: 4, value: signed },
    );
    const [status, result] = calls.get(foreign, "verify_signature", latin1(args));
    assert.equal(status, ok);
    const fields = readProto(Buffer.from(result!, "latin1"))!;
    return [numberField(fields, 1), latin1(bytesField(fields, 2))];
  };
  calls.inside(() => {
    assert.deepEqual(ask("sha256", text), [1, ""]);
    assert.deepEqual(ask("sha256", Buffer.from("other")), [
      0,
      "Failed to verify digest. Error code: 0",
    ]);
    assert.deepEqual(ask("md99", text), [0, "md99 is not supported."]);
    for (const args of ["\xff", "", "\x0a\x06sha256", "\x0a\x06sha256\x12\x01x\x2a\x01y"]) {
      assert.deepEqual(calls.get(foreign, "verify_signature", args), [badArgument]);
    }
  });
});

test("sign makes signatures that verify", async () => {
  const calls = await GuestCalls.create();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  const args = writeProto(
    { number: 1, value: Buffer.from("sha256") },
    { number: 2, value: der },
    { number: 3, value: Buffer.from("text") },
  );
  calls.inside(() => {
    const [status, result] = calls.get(foreign, "sign", latin1(args));
    assert.equal(status, ok);
    const fields = readProto(Buffer.from(result!, "latin1"))!;
    assert.equal(numberField(fields, 1), 1);
    const key = createPublicKey(privateKey);
    assert.ok(verify("sha256", Buffer.from("text"), key, bytesField(fields, 2)));
    assert.deepEqual(calls.get(foreign, "sign", latin1(args.slice(0, 8))), [badArgument]);
    const [, refusal] = calls.get(foreign, "sign", "\x0a\x06sha256\x12\x01x");
    assert.match(refusal!, /Invalid key type: private key required for signing operation\.$/);
  });
});

test("keys so large that they would hold the worker up are none", async () => {
  const calls = await GuestCalls.create();
  // A key of 8200 bits with a modulus that is no product of primes: nothing is computed with it.
  const integer = (bytes: Buffer): Buffer => der(0x02, Buffer.concat([Buffer.of(0), bytes]));
  const modulus = Buffer.alloc(8200 / 8, 0xff);
  const rsa = der(0x30, Buffer.concat([integer(modulus), integer(Buffer.of(1, 0, 1))]));
  const algorithm = Buffer.from("300d06092a864886f70d0101010500", "hex");
  const spki = der(0x30, Buffer.concat([algorithm, der(0x03, Buffer.concat([Buffer.of(0), rsa]))]));
  assert.equal(
    createPublicKey({ key: spki, format: "der", type: "spki" }).asymmetricKeyDetails?.modulusLength,
    8200,
  );
  const args = writeProto({ number: 1, value: Buffer.from("sha256") }, { number: 2, value: spki });
  calls.vm.memory.bytes.set(args, 8192);
  calls.inside(() => {
    const [, answer] = calls.get(foreign, "verify_signature", 8192, args.length);
    assert.match(answer!, /Failed to initialize digest verify\.$/);
  });
});

/** An element of DER with a length of two bytes. */
function der(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content]);
}

test("declare_property takes each name once from a context", async () => {
  const calls = await GuestCalls.create();
  const declare = (name: string) =>
    calls.get(foreign, "declare_property", `\x0a${String.fromCharCode(name.length)}${name}`);
  for (const context of [calls.root, calls.context]) {
    calls.inside(() => {
      assert.deepEqual(declare("name"), [ok, ""]);
      assert.deepEqual(declare("name"), [badArgument]);
      assert.deepEqual(declare("other"), [ok, ""]);
    }, context);
  }
});
