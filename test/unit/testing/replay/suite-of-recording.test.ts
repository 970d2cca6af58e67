import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import type { RecordedCallback, Recording } from "../../../../host/src/guest/watch/recording.ts";
import { suiteOf as suiteOrProblem } from "../../../../host/src/testing/replay/suite-of-recording.ts";

const callback = (
  name: string,
  args: readonly number[],
  more: Partial<RecordedCallback> = {},
): RecordedCallback => ({ name, args, calls: [], result: 0, ...more });

const grpcCall = (service: string, id: number): RecordedCallback["calls"][number] => ({
  name: "proxy_grpc_call",
  inputs: [service, "quota.v1.Quota", "Take", [], "\n", 1000],
  outputs: [id],
  status: 0,
});

function recordingOf(
  callbacks: readonly RecordedCallback[],
  allowedCapabilities?: readonly string[],
): Recording {
  return {
    sluiceRecording: 1,
    plugin: {
      name: "quota",
      rootId: "",
      vmId: "",
      sha256: "",
      file: "quota.wasm",
      configuration: "",
      vmConfiguration: "",
      environment: [],
      allowedCapabilities,
    },
    rootContext: 1,
    context: 2,
    begun: "2026-01-01T00:00:00.000Z",
    callbacks,
    cut: false,
    redacted: [],
  };
}

function suiteOf(recordings: readonly Recording[]): string {
  const suite = suiteOrProblem(recordings, undefined);
  assert.ok(suite.ok, suite.ok ? "" : suite.error);
  return suite.value;
}

test("suiteOf() makes servers of the gRPC calls that were answered, by cluster and in the order of the calls", () => {
  // A GrpcService with an EnvoyGrpc of the cluster "quota", and the name alone.
  const message = "\n\x07\n\x05quota";
  const calls = [grpcCall(message, 8), grpcCall("quota", 12), grpcCall("other", 16)];
  const suite = suiteOf([
    recordingOf([
      callback("proxy_on_request_headers", [2, 0, 1], { calls }),
      callback("proxy_on_grpc_close", [2, 12, 7]),
      callback("proxy_on_grpc_receive", [2, 8, 2], { message: { body: "ok" } }),
    ]),
  ]);
  const { cases } = parse(suite) as { cases: readonly { servers: unknown }[] };
  assert.deepEqual(cases[0]!.servers, {
    quota: {
      grpc: [
        { messages: ["ok"], status: 0 },
        { messages: [], status: 7 },
      ],
    },
    other: { grpc: [{ messages: [], status: 0 }] },
  });
});

test("suiteOf() leaves out capabilities that a suite cannot name", () => {
  const suite = suiteOf([recordingOf([], ["proxy_on_request_headers", "proxy_no_such"])]);
  const { filters } = parse(suite) as { filters: readonly { vm: unknown }[] };
  assert.deepEqual(filters[0]!.vm, { capabilities: ["proxy_on_request_headers"] });
});

interface ConnectionSuite {
  readonly network_filters: readonly { readonly name: string }[];
  readonly cases: readonly {
    readonly steps: readonly unknown[];
    readonly servers?: unknown;
    readonly expect: unknown;
  }[];
}

test("suiteOf() makes steps of what came from both sides of a connection, each byte once", () => {
  const held = { result: 1, message: { body: "ab" } };
  const edit: RecordedCallback["calls"][number] = {
    name: "proxy_set_buffer_bytes",
    inputs: [2, 0, 1, "A!"],
    outputs: [],
    status: 0,
  };
  const suite = suiteOf([
    recordingOf([
      callback("proxy_on_new_connection", [2]),
      callback("proxy_on_downstream_data", [2, 2, 0], { ...held, calls: [edit] }),
      callback("proxy_on_downstream_data", [2, 4, 0], { message: { body: "A!bc" } }),
      callback("proxy_on_upstream_data", [2, 2, 0], { message: { body: "ok" } }),
      callback("proxy_on_upstream_data", [2, 0, 1], { message: { body: "" } }),
      callback("proxy_on_downstream_data", [2, 1, 1], { message: { body: "\xff" } }),
      callback("proxy_on_downstream_connection_close", [2, 2]),
    ]),
  ]);
  const { network_filters, cases } = parse(suite) as ConnectionSuite;
  assert.equal(network_filters[0]!.name, "quota");
  assert.deepEqual(cases[0]!.steps, [
    { connect: true },
    { send: "ab" },
    { send: "c" },
    { reply: "ok" },
    { reply: { end: true } },
    { send: { base64: "/w==" } },
    { close: true },
  ]);
  assert.deepEqual(cases[0]!.expect, { snapshot: true });
});

test("suiteOf() makes servers of the connections that a module has opened", () => {
  const connect = (cluster: string, id: number): RecordedCallback["calls"][number] => ({
    name: "sluice_tcp_connect",
    inputs: [cluster],
    outputs: [id],
    status: 0,
  });
  const calls = [connect("one", 1), connect("two", 2)];
  const suite = suiteOf([
    recordingOf([
      callback("proxy_on_downstream_data", [2, 1, 0], { calls, message: { body: "x" } }),
      callback("sluice_on_tcp_data", [2, 1, 2, 0], { message: { body: "ab" }, result: 1 }),
      callback("sluice_on_tcp_data", [2, 1, 3, 0], { message: { body: "abc" } }),
      callback("sluice_on_tcp_close", [2, 2, 0]),
      callback("sluice_on_tcp_close", [2, 1, 2]),
    ]),
  ]);
  const { cases } = parse(suite) as ConnectionSuite;
  assert.deepEqual(cases[0]!.steps, [
    { connect: true },
    { send: "x" },
    { reply: { server: "one", send: "ab" } },
    { reply: { server: "one", send: "c" } },
    { reply: { server: "one", end: true } },
  ]);
  assert.deepEqual(cases[0]!.servers, { one: { echo: false }, two: { refused: true } });
});

test("suiteOf() refuses recordings of requests beside recordings of connections", () => {
  const recordings = [recordingOf([]), recordingOf([callback("proxy_on_new_connection", [2])])];
  const suite = suiteOrProblem(recordings, undefined);
  assert.ok(!suite.ok);
  assert.match(suite.error, /for requests or for connections, and both were recorded: split/);
});
