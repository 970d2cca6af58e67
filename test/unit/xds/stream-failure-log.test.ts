import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamFailureLog } from "../../../host/src/xds/stream-failure-log.ts";
import { keepingLogger } from "../../support/discovery.ts";

/** A log, and a clock that is set by hand. */
function harness() {
  const lines: string[] = [];
  const time = { now: 0, monotonicMs: () => time.now, systemMs: () => time.now };
  const log = new StreamFailureLog(keepingLogger(lines), time);
  const fail = (status: number, atMs: number): string => {
    time.now = atMs;
    log.onFailure(status, "StreamX gRPC config stream to c", "gone");
    return lines.at(-1)!;
  };
  return { log, fail };
}

const text = (status: number): string => `StreamX gRPC config stream to c closed: ${status}, gone`;

test("StreamFailureLog warns of what passes by itself only when it lasts", () => {
  const { fail } = harness();
  assert.equal(fail(14, 0), `debug: ${text(14)}`);
  assert.equal(fail(14, 29_999), `debug: ${text(14)}`);
  assert.equal(fail(14, 30_000), `warning: ${text(14)}`);
  assert.equal(fail(14, 30_001), `debug: ${text(14)}`);
});

test("StreamFailureLog warns when something else goes wrong than before", () => {
  const { fail } = harness();
  assert.equal(fail(14, 0), `debug: ${text(14)}`);
  assert.equal(fail(4, 1), `warning: ${text(4)}`);
});

test("StreamFailureLog begins anew after a response", () => {
  const { fail, log } = harness();
  assert.equal(fail(14, 0), `debug: ${text(14)}`);
  log.onResponse();
  assert.equal(fail(14, 40_000), `debug: ${text(14)}`);
});

test("StreamFailureLog warns at once of what does not pass, and not of an orderly end", () => {
  const { fail } = harness();
  assert.equal(fail(16, 0), `warning: ${text(16)}`);
  assert.equal(fail(0, 0), `debug: ${text(0)}`);
});
