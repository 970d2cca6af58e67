import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import type { RecordedCallback, Recording } from "../../../../host/src/guest/watch/recording.ts";
import { suiteOf } from "../../../../host/src/testing/replay/suite-of-recording.ts";

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

test("suiteOf() makes servers of the gRPC calls that were answered, by cluster and in the order of the calls", () => {
  // A GrpcService with an EnvoyGrpc of the cluster "quota", and the name alone.
  const message = "\n\x07\n\x05quota";
  const calls = [grpcCall(message, 8), grpcCall("quota", 12), grpcCall("other", 16)];
  const suite = suiteOf(
    [
      recordingOf([
        callback("proxy_on_request_headers", [2, 0, 1], { calls }),
        callback("proxy_on_grpc_close", [2, 12, 7]),
        callback("proxy_on_grpc_receive", [2, 8, 2], { message: { body: "ok" } }),
      ]),
    ],
    undefined,
  );
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
  const suite = suiteOf(
    [recordingOf([], ["proxy_on_request_headers", "proxy_no_such"])],
    undefined,
  );
  const { filters } = parse(suite) as { filters: readonly { vm: unknown }[] };
  assert.deepEqual(filters[0]!.vm, { capabilities: ["proxy_on_request_headers"] });
});
