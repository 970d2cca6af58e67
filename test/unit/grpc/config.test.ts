import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { GrpcService } from "../../../host/src/config/gen/envoy/config/core/v3/grpc_service_pb.js";
import type { GrpcServiceConfig } from "../../../host/src/contracts/config/grpc-service.ts";
import { parseGrpcService } from "../../../host/src/grpc/config.ts";
import {
  messageOf,
  type ParseReport,
  recordingParseContext,
} from "../../support/config-message.ts";

function parse(json: JsonObject): { config: GrpcServiceConfig | undefined; report: ParseReport } {
  const context = recordingParseContext();
  const message = messageOf<GrpcService>("envoy.config.core.v3.GrpcService", json);
  return { config: parseGrpcService(message, context), report: context };
}

test("parseGrpcService() gives what envoy_grpc says", () => {
  const { config, report } = parse({
    envoy_grpc: {
      cluster_name: "c",
      authority: "a",
      max_receive_message_length: 9,
      skip_envoy_headers: true,
    },
    timeout: "1.5s",
    initial_metadata: [
      { key: "X-A", value: "1" },
      { key: "x-b-bin", raw_value: Buffer.from([0, 255]).toString("base64") },
    ],
    retry_policy: { retry_on: "unavailable,internal", num_retries: 3 },
  });
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.references, ["c"]);
  assert.deepEqual(config, {
    cluster: "c",
    authority: "a",
    timeoutMs: 1500,
    messageMax: 9,
    metadata: [
      ["x-a", "1"],
      ["x-b-bin", "AP8="],
    ],
    envoyHeaders: false,
    retry: { statuses: [14, 13], retries: 3, baseMs: 25, maxMs: 250 },
  });
});

test("parseGrpcService() takes metadata as text, and refuses formats", () => {
  const parsed = (value: string): ReturnType<typeof parse> =>
    parse({ envoy_grpc: { cluster_name: "c" }, initial_metadata: [{ key: "x-a", value }] });
  assert.deepEqual(parsed("100%% of %%").config?.metadata, [["x-a", "100% of %"]]);
  for (const value of ["%PROTOCOL%", "50%", "%%%"]) {
    assert.match(parsed(value).report.problems.join(), /formats such as %PROTOCOL%/, value);
  }
});

test("parseGrpcService() leaves out what is not said", () => {
  const { config } = parse({ envoy_grpc: { cluster_name: "c" } });
  assert.deepEqual(config, {
    cluster: "c",
    authority: "",
    timeoutMs: 0,
    messageMax: 0,
    metadata: [],
    envoyHeaders: true,
    retry: undefined,
  });
  const back = { base_interval: "0.1s", max_interval: "2s" };
  const { config: retrying } = parse({
    envoy_grpc: { cluster_name: "c" },
    retry_policy: { retry_on: "cancelled", retry_back_off: back },
  });
  assert.deepEqual(retrying?.retry, { statuses: [1], retries: 1, baseMs: 100, maxMs: 2000 });
});

test("parseGrpcService() refuses what it cannot do, and says how to mend it", () => {
  const google = parse({ google_grpc: { target_uri: "host:1", stat_prefix: "s" } });
  assert.equal(google.config, undefined);
  assert.match(parse({}).report.problems.join(), /^envoy_grpc: is missing/);
  const retried = parse({
    envoy_grpc: { cluster_name: "c" },
    retry_policy: { retry_on: "5xx" },
  });
  assert.match(retried.report.problems.join(), /^retry_on: "5xx" is not supported for gRPC/);
});
