import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../../../../host/src/common/headers/header-map.ts";
import { frame } from "../../../../../../host/src/grpc/framing.ts";
import type { Connection } from "../../../../../../host/src/contracts/network/connection.ts";
import { NetworkContext } from "../../../../../../host/src/guest/wasm/proxy-wasm/network-context.ts";
import { inputLimits } from "../../../../../../host/src/guest/limits/defaults.ts";
import { GuestCalls } from "../../../../../support/wasm-calls.ts";
import type { RecordedStream } from "../../../../../support/wasm-clusters.ts";
import { wat } from "../../../../../support/wat.ts";
import { guest } from "../../../../../support/wasm-guest.ts";
import { pluginSettings, WasmHost } from "../../../../../support/wasm.ts";

const ok = 0;
const notFound = 1;
const badArgument = 2;
const parseFailure = 4;
const invalidMemory = 6;
const internalFailure = 10;

const callbackNames = {
  proxy_on_grpc_receive_initial_metadata: "i",
  proxy_on_grpc_receive: "r",
  proxy_on_grpc_receive_trailing_metadata: "t",
  proxy_on_grpc_close: "c",
};

/** Logs of each callback its letter, token and value as characters from `0` on, the message, and the status' text. */
const teller = Object.entries(callbackNames)
  .map(
    ([name, letter]) => `(func (export "${name}") (param i32 i32 i32)
      (i32.store8 (i32.const 200) (i32.const ${letter.charCodeAt(0)}))
      (i32.store8 (i32.const 201) (i32.add (i32.const 48) (local.get 1)))
      (i32.store8 (i32.const 202) (i32.add (i32.const 48) (local.get 2)))
      (drop (call $proxy_log (i32.const 2) (i32.const 200) (i32.const 3)))
      (i32.store (i32.const 304) (i32.const 0))
      (drop (call $proxy_get_buffer_bytes (i32.const 5) (i32.const 0) (i32.const -1) (i32.const 300) (i32.const 304)))
      (if (i32.load (i32.const 304))
        (then (drop (call $proxy_log (i32.const 2) (i32.load (i32.const 300)) (i32.load (i32.const 304))))))
      (drop (call $proxy_get_status (i32.const 308) (i32.const 312) (i32.const 316)))
      (if (i32.load (i32.const 316))
        (then (drop (call $proxy_log (i32.const 2) (i32.load (i32.const 312)) (i32.load (i32.const 316)))))))`,
  )
  .join("\n");

async function telling(): Promise<GuestCalls> {
  return await GuestCalls.create(undefined, "0.2.1", undefined, await guest(teller));
}

function told(calls: GuestCalls): string[] {
  return calls.host.logger.take().map((line) => line.replace(/^info wasm log: /, ""));
}

type Result = [status: number, result?: number];

function call(calls: GuestCalls, service = "known", message = "m", timeoutMs = 1000): Result {
  return calls.getNumber("proxy_grpc_call", service, "s.S", "do", "", message, timeoutMs);
}

function stream(calls: GuestCalls, service = "known"): Result {
  return calls.getNumber("proxy_grpc_stream", service, "s.S", "do", "");
}

const send = (calls: GuestCalls, id: number, message: string, end = 0): number =>
  calls.call("proxy_grpc_send", id, message, end);

function respond(to: RecordedStream, ...messages: readonly string[]): void {
  to.callbacks.onHeaders(headerMapOf([[":status", "200"]]), false);
  for (const message of messages) {
    to.callbacks.onData(OwnedBuffer.of(frame(Buffer.from(message))), false);
  }
}

function finish(to: RecordedStream, status = "0", message = ""): void {
  to.callbacks.onTrailers(
    headerMapOf([
      ["grpc-status", status],
      ["grpc-message", message],
    ]),
  );
}

test("a call is sent in its frame; the answer comes to the root context", async () => {
  const calls = await telling();
  assert.deepEqual(
    calls.inside(() => call(calls)),
    [ok, 5],
  );
  const [made] = calls.host.clusters.streams;
  assert.equal(made!.headers!.get(":path"), "/s.S/do");
  assert.equal(made!.headers!.get("grpc-timeout"), "1000m");
  assert.deepEqual(made!.sent, ["\0\0\0\0\u0001m"]);
  assert.ok(made!.ended);
  respond(made!, "answer");
  assert.deepEqual(told(calls), []);
  finish(made!);
  assert.deepEqual(told(calls), ["r56", "answer"]);
  calls.inside(() => assert.equal(calls.call("proxy_grpc_cancel", 5), notFound));
});

test("17: a failed call is told by proxy_on_grpc_close, its text by proxy_get_status", async () => {
  const calls = await telling();
  calls.inside(() => call(calls));
  const [made] = calls.host.clusters.streams;
  respond(made!);
  finish(made!, "1", "bad");
  assert.deepEqual(told(calls), ["c51", "bad{details}"]);
  assert.deepEqual([calls.root.callouts.code, calls.root.callouts.message], [1, ""]);
});

test("calls of streams, connections and the plugin itself belong to the plugin", async () => {
  const calls = await telling();
  const nothing = (): void => undefined;
  const connection = new NetworkContext(calls.root, calls.vm.takeContextId(), {
    continueReading: nothing,
    closeConnection: nothing,
    onVmFailed: nothing,
    writeToClient: nothing,
    connection: { streamInfo: calls.actions.streamInfo } as unknown as Connection,
  });
  calls.vm.add(connection);
  for (const context of [calls.context, connection, calls.root]) {
    calls.inside(() => call(calls), context);
  }
  calls.vm.forget(connection);
  for (const made of calls.host.clusters.streams) {
    respond(made, "m");
    finish(made);
  }
  assert.deepEqual(told(calls), ["r51", "m", "r91", "m", "r=1", "m"]);
});

test("what comes while guest code runs is told afterwards, in order", async () => {
  const calls = await telling();
  calls.inside(() => {
    assert.deepEqual(stream(calls), [ok, 6]);
    respond(calls.host.clusters.streams[0]!, "one", "two");
    finish(calls.host.clusters.streams[0]!);
    assert.deepEqual(told(calls), []);
  });
  assert.deepEqual(told(calls), ["i61", "r63", "one", "r63", "two", "t62", "c60", "details"]);
});

test("a guest that cancels is told nothing, also of what has come", async () => {
  const calls = await telling();
  calls.inside(() => {
    stream(calls);
    respond(calls.host.clusters.streams[0]!, "one");
    assert.equal(calls.call("proxy_grpc_cancel", 6), ok);
  });
  assert.deepEqual(told(calls), []);
  assert.ok(calls.host.clusters.streams[0]!.reset);
});

test("a stream takes messages until it is closed", async () => {
  const calls = await telling();
  calls.inside(() => {
    stream(calls);
    assert.equal(send(calls, 6, "a"), ok);
    assert.equal(send(calls, 6, "", 1), ok);
    assert.equal(send(calls, 6, "b"), badArgument);
    stream(calls);
    assert.equal(calls.call("proxy_grpc_close", 10), ok);
    assert.equal(send(calls, 10, "b"), badArgument);
  });
  const [first, second] = calls.host.clusters.streams;
  assert.deepEqual(first!.sent, ["\0\0\0\0\u0001a", "\0\0\0\0\0"]);
  assert.ok(first!.ended && second!.ended && !second!.reset);
});

test("a stream takes no more when its server has not taken 16 MiB", async () => {
  const calls = await telling();
  calls.inside(() => stream(calls), calls.root);
  const { callbacks } = calls.host.clusters.streams[0]!;
  callbacks.onAboveWriteBufferHighWatermark();
  const sendPage = (): number =>
    calls.inside(() => calls.call("proxy_grpc_send", 6, 0, 65_536, 0), calls.root);
  for (let i = 0; i < 256; i += 1) assert.equal(sendPage(), ok);
  assert.equal(sendPage(), badArgument);
  callbacks.onBelowWriteBufferLowWatermark();
  assert.equal(sendPage(), ok);
});

test("16: numbers of no call", async () => {
  const calls = await telling();
  calls.inside(() => {
    const each = (name: string, ...rest: (string | number)[]): number[] =>
      [0xff00, 0xff01, 0xff02].map((id) => calls.call(name, id, ...rest));
    assert.deepEqual(each("proxy_grpc_send", "m", 0), [badArgument, badArgument, notFound]);
    assert.deepEqual(each("proxy_grpc_cancel"), [badArgument, notFound, notFound]);
    assert.deepEqual(each("proxy_grpc_close"), [badArgument, notFound, notFound]);
    assert.equal(calls.call("proxy_grpc_send", 0xff02, 65_530, 9, 0), invalidMemory);
  });
});

/** A field of bytes, whose number and length are below 128. */
const field = (number: number, value: string): string =>
  String.fromCharCode(number * 8 + 2, value.length) + value;
const target = field(1, field(1, "known") + field(2, "authority"));

test("a service is an encoded GrpcService, or a cluster's name", async () => {
  const calls = await telling();
  const metadata = field(5, field(1, "x-a") + field(2, "1"));
  const raw = field(5, field(1, "x-b") + field(3, "2"));
  calls.inside(() => {
    assert.deepEqual(call(calls, target + metadata + raw), [ok, 5]);
    assert.deepEqual(call(calls, field(1, `${field(1, "known")}\u0028\u0001`)), [ok, 9]);
    assert.deepEqual(call(calls, "unknown"), [parseFailure]);
    // A message that names no target.
    assert.deepEqual(call(calls, "\u0018\u0001"), [parseFailure]);
    assert.deepEqual(call(calls, field(1, field(1, "unknown"))), [internalFailure]);
    assert.deepEqual(call(calls, field(2, field(1, "host:1"))), [internalFailure]);
    assert.deepEqual(call(calls, target + field(6, field(3, "5xx"))), [internalFailure]);
    assert.deepEqual(call(calls, target + field(5, field(1, "a b"))), [internalFailure]);
  });
  const [first, second] = calls.host.clusters.streams;
  const { headers } = first!;
  const sent = [headers!.get(":authority"), headers!.get("x-a"), headers!.get("x-b")];
  assert.deepEqual(sent, ["authority", "1", "2"]);
  assert.equal(first!.options.skipEnvoyHeaders, false);
  assert.equal(second!.options.skipEnvoyHeaders, true);
  const lines = calls.host.logger.take().join("\n");
  assert.match(lines, /proxy_grpc_call in callback: there is no cluster "unknown"/);
  assert.match(lines, /google_grpc is not supported; name a cluster/);
  assert.match(lines, /retry_on: "5xx" is not supported/);
});

test("a service of more than 64 KiB is none", async () => {
  const code = await wat(`(module
    (memory (export "memory") 4)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 4096)))`);
  const calls = await GuestCalls.create(undefined, "0.2.1", undefined, code);
  /** Behind the target, a field that nobody knows. */
  const padded = (size: number): number => {
    const rest = size - target.length - 4;
    const length = String.fromCharCode(
      (rest & 0x7f) | 0x80,
      ((rest >> 7) & 0x7f) | 0x80,
      rest >> 14,
    );
    calls.vm.memory.writeLatin1(65_536, `${target}\u007a${length}`);
    return calls.call("proxy_grpc_call", 65_536, size, "s.S", "do", "", "m", 1000, 16);
  };
  calls.inside(() => {
    assert.equal(padded(65_536), ok);
    assert.equal(padded(65_537), parseFailure);
  });
});

test("a service's retry policy has calls made again", async () => {
  const calls = await telling();
  // Three attempts, 1 ms apart at most.
  const backOff = field(1, field(1, "\u0010\u00c0\u0084\u003d"));
  const policy = field(6, backOff + field(2, "\u0008\u0002") + field(3, "unavailable, internal"));
  calls.inside(() => assert.deepEqual(call(calls, target + policy), [ok, 5]));
  const { streams } = calls.host.clusters;
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    assert.equal(streams.length, attempt);
    streams[attempt - 1]!.callbacks.onHeaders(
      headerMapOf([
        [":status", "200"],
        ["grpc-status", "14"],
      ]),
      true,
    );
    calls.host.dispatcher.advance(20);
  }
  assert.deepEqual(told(calls), ["c5>", "details"]);
});

test("memory that is not the guest's", async () => {
  const calls = await telling();
  calls.inside(() => {
    const rest = ["s.S", "do", "", "m", 1] as const;
    assert.equal(calls.call("proxy_grpc_call", 65_530, 9, ...rest, 16), invalidMemory);
    assert.equal(calls.call("proxy_grpc_call", "known", ...rest, 65_534), invalidMemory);
    assert.equal(calls.call("proxy_grpc_stream", "known", "s", 65_530, 9, "", 16), invalidMemory);
  });
  assert.equal(calls.host.clusters.streams.length, 0);
});

test("a plugin may not have calls under way without end, and none after it is gone", async () => {
  const calls = await telling();
  for (let i = 0; i < inputLimits.httpCalls; i += 1) {
    calls.vm.memory.writeLatin1(3000, "known");
    const status = calls.inside(() =>
      calls.call("proxy_grpc_stream", 3000, 5, 0, 0, 0, 0, 0, 0, 16),
    );
    assert.equal(status, ok);
  }
  calls.inside(() => assert.deepEqual(stream(calls), [internalFailure]));
  assert.throws(() => calls.inside(() => calls.vm.trap("over")));
  assert.ok(calls.host.clusters.streams.every(({ reset }) => reset));
});

/** Opens a stream when it is configured, and sends on it. */
const early = `${teller}
  (data (i32.const 0) "known")
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_grpc_stream (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 100)))
    (drop (call $proxy_grpc_send (i32.load (i32.const 100)) (i32.const 0) (i32.const 5) (i32.const 1)))
    (i32.const 1))`;

test("a stream from on_configure waits for a cluster that comes a moment later", async () => {
  const host = new WasmHost();
  host.clusters.names.clear();
  await host.load(await guest(early), pluginSettings());
  host.dispatcher.advance(200);
  assert.equal(host.clusters.streams.length, 0);
  host.clusters.names.add("known");
  host.dispatcher.advance(100);
  const [made] = host.clusters.streams;
  assert.deepEqual([made!.sent, made!.ended], [["\0\0\0\0\u0005known"], true]);
});

test("a stream from on_configure to a cluster that never comes is closed", async () => {
  const host = new WasmHost();
  host.clusters.names.clear();
  await host.load(await guest(early), pluginSettings());
  host.dispatcher.advance(7000);
  const [line] = host.logger.take();
  assert.equal(line, "info wasm log: c6>");
});
