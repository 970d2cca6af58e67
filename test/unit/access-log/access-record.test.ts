import assert from "node:assert/strict";
import { test } from "node:test";
import { recordOf, streamInfoOf } from "../../../host/src/access-log/access-record.ts";
import { ipAddress } from "../../../host/src/common/address.ts";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import { StreamInfoImpl } from "../../../host/src/common/stream-info.ts";

test("streamInfoOf() gives on another thread what recordOf() took", () => {
  const remote = ipAddress("192.0.2.1", 1000);
  const here = { monotonicMs: () => 5000, systemMs: () => 1_000_000 };
  const there = { monotonicMs: () => 90, systemMs: () => 1_000_040 };
  const info = new StreamInfoImpl(here, {
    downstreamLocalAddress: ipAddress("192.0.2.2", 2000),
    downstreamRemoteAddress: remote,
    downstreamDirectRemoteAddress: remote,
    connectionId: 0,
    filterChainName: "",
    requestedServerName: "",
  });
  info.endTimeMs = 5012;
  info.protocol = "HTTP/1.1";
  info.responseCode = 404;
  info.responseCodeDetails = "admin_filter_response";
  info.bytesReceived = 3;
  info.requestHeaders = headerMapOf([
    [":path", "/stats"],
    ["x-a", "1"],
    ["x-a", "2"],
  ]);
  info.responseHeaders = headerMapOf([[":status", "404"]]);
  const record = structuredClone(recordOf(info));
  const copy = streamInfoOf(record, there);
  assert.deepEqual(recordOf(copy), record);
  assert.equal(copy.startTimeMs, 50, "40 ms before now, by the other clock");
  assert.equal(copy.endTimeMs, 62);
  assert.deepEqual(copy.downstreamRemoteAddress, remote);
  assert.equal(copy.requestHeaders?.getJoined("x-a"), "1,2");
});
