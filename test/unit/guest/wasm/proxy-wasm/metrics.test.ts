import assert from "node:assert/strict";
import { test } from "node:test";
import { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } from "@sluice/abi";
import { VmMetrics } from "../../../../../host/src/guest/wasm/proxy-wasm/metrics.ts";
import {
  createGuestShared,
  GuestSharedState,
} from "../../../../../host/src/guest/shared/shared-state.ts";

test("VmMetrics.nameOf() gives the name that an id was defined by", () => {
  const shared = new GuestSharedState(createGuestShared());
  const metrics = new VmMetrics(shared.metrics, undefined, 10);
  const defined = [
    [METRIC_GAUGE, "a"],
    [METRIC_COUNTER, "b"],
    [METRIC_COUNTER, "a"],
    [METRIC_HISTOGRAM, "c"],
    [METRIC_GAUGE, "d"],
  ] as const;
  const ids = defined.map(([type, name]) => metrics.define(type, name)!);
  assert.deepEqual(
    ids.map((id) => metrics.nameOf(id)),
    defined.map(([, name]) => name),
  );
  assert.equal(metrics.nameOf(400), undefined);
  shared.close();
});
