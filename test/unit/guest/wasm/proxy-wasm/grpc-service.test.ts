import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { schema } from "../../../../../host/src/config/schema.ts";
import { readGrpcService } from "../../../../../host/src/guest/wasm/proxy-wasm/grpc-service.ts";

const message = (name: string): DescMessage => schema().message(`envoy.config.core.v3.${name}`);

/** An encoded `GrpcService` with the target `case`. */
function encoded(target: string, value: Record<string, unknown>, more = {}): Uint8Array {
  const types: Readonly<Record<string, string>> = {
    envoyGrpc: "GrpcService.EnvoyGrpc",
    googleGrpc: "GrpcService.GoogleGrpc",
  };
  const specifier = create(message(types[target]!), value as never);
  const init = { targetSpecifier: { case: target, value: specifier }, ...more };
  return toBinary(message("GrpcService"), create(message("GrpcService"), init as never));
}

test("readGrpcService() gives what envoy_grpc says", () => {
  const service = readGrpcService(
    encoded("envoyGrpc", { clusterName: "auth", authority: "a.example", skipEnvoyHeaders: true }),
  );
  assert.ok(typeof service === "object");
  assert.equal(service.cluster, "auth");
  assert.equal(service.authority, "a.example");
  assert.equal(service.envoyHeaders, false);
});

test("readGrpcService() says why a service cannot be called", () => {
  const retryPolicy = create(message("RetryPolicy"), {});
  assert.equal(
    readGrpcService(encoded("envoyGrpc", { clusterName: "auth", retryPolicy })),
    "retry_policy of envoy_grpc is not supported; use retry_policy of GrpcService",
  );
  assert.equal(
    readGrpcService(encoded("googleGrpc", { targetUri: "dns:auth" })),
    "google_grpc is not supported; name a cluster that speaks HTTP/2 in envoy_grpc",
  );
});

test("readGrpcService() knows what is no such message", () => {
  assert.equal(readGrpcService(new Uint8Array([0x0a])), undefined);
  assert.equal(readGrpcService(new Uint8Array(0)), undefined);
});
