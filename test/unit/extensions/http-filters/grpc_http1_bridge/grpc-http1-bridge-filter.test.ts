import assert from "node:assert/strict";
import { test } from "node:test";
import { GrpcHttp1BridgeFilter } from "../../../../../host/src/extensions/http-filters/grpc_http1_bridge/grpc-http1-bridge-filter.ts";
import { FilterHarness, requestHead } from "../../../../support/filter-harness.ts";

function upgrading(): FilterHarness {
  const harness = new FilterHarness({
    filters: ["bridge"],
    requestHeaders: requestHead(["content-type", "application/x-protobuf"]),
    instances: {
      bridge: {
        createFilters: (callbacks) =>
          callbacks.addStreamFilter(
            new GrpcHttp1BridgeFilter({ upgradeProtobuf: true, ignoreQuery: false }),
          ),
      },
    },
  });
  harness.streamInfo.protocol = "HTTP/1.1";
  return harness;
}

test("GrpcHttp1BridgeFilter frames a message that ends with trailers", () => {
  const harness = upgrading().request(false).data("hel").data("lo").requestTrailers();
  assert.equal(harness.terminal.body, "\0\0\0\0\x05hello");
});

test("GrpcHttp1BridgeFilter takes off a prefix that comes in pieces", () => {
  const harness = upgrading().request(false).data("x", true);
  harness.respond(false, "200", ["content-type", "application/grpc"]);
  harness.respondData("\0\0\0").respondData("\0\x02o").respondData("k");
  harness.respondTrailers([["grpc-status", "0"]]);
  assert.equal(harness.body, "ok");
  assert.equal(harness.responseHeaders?.get("content-length"), "2");
});
