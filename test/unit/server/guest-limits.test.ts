import assert from "node:assert/strict";
import { test } from "node:test";
import type { Limits, Wasm } from "../../../host/src/config/gen/sluice/guests/v1/guests_pb.js";
import type { GuestLimits, GuestLimitsConfig } from "../../../host/src/contracts/config/guests.ts";
import { inputLimits, staticLimits } from "../../../host/src/guest/limits/defaults.ts";
import { limitsFor } from "../../../host/src/guest/limits/effective-limits.ts";
import { guestLimitsOf, wasmSettingsOf } from "../../../host/src/server/guest-limits.ts";
import { messageOf, recordingParseContext } from "../../support/config-message.ts";
import { noLimits } from "../../support/wasm.ts";

function limitsOf(json: Parameters<typeof messageOf>[1], outer: GuestLimits = noLimits) {
  const message = messageOf<Limits>("sluice.guests.v1.Limits", json);
  return guestLimitsOf(message, outer, recordingParseContext());
}

function config(defaultLimits: GuestLimits, more: Partial<GuestLimitsConfig> = {}) {
  return { defaultLimits, byName: new Map<string, GuestLimits>(), ...more };
}

const module = {
  max_locals: 1,
  max_locals_times_blocks: 2,
  max_nesting: 3,
  max_br_table_targets: 4,
  max_table_elements: 5,
  max_name_section_bytes: 6,
  max_types: 7,
  max_imports: 8,
  max_exports: 9,
  max_tables: 10,
  max_globals: 11,
  max_element_segments: 12,
  max_data_segments: 13,
  max_custom_sections: 14,
};
const inputs = {
  max_header_pairs: 1,
  max_header_bytes: 2,
  max_log_line_bytes: 3,
  max_shared_data_value_bytes: 4,
  max_metrics: 5,
  max_http_calls: 6,
  min_tick_period: "0.007s",
  max_foreign_bytes: 8,
  max_property_bytes: 9,
  max_call_bytes: 10,
  max_body_bytes: 11,
};

test("guestLimitsOf() reads each limit of modules and of what they hand over", () => {
  const effective = limitsFor(config(limitsOf({ module, inputs, max_functions: 15 })), "any");
  assert.deepEqual(effective.module, {
    moduleBytes: staticLimits.moduleBytes,
    functionBodyBytes: staticLimits.functionBodyBytes,
    locals: 1,
    localsTimesBlocks: 2,
    nesting: 3,
    brTableTargets: 4,
    tableElements: 5,
    nameSectionBytes: 6,
    counts: {
      types: 7,
      imports: 8,
      exports: 9,
      tables: 10,
      globals: 11,
      elementSegments: 12,
      dataSegments: 13,
      customSections: 14,
      functions: 15,
    },
  });
  assert.deepEqual(effective.inputs, {
    headerPairs: 1,
    headerBytes: 2,
    logLineBytes: 3,
    sharedDataValueBytes: 4,
    metrics: 5,
    httpCalls: 6,
    tickPeriodMinMs: 7,
    foreignBytes: 8,
    propertyBytes: 9,
    callBytes: 10,
    bodyBytes: 11,
  });
});

test("guestLimitsOf() lays what an entry says over the defaults, limit by limit", () => {
  const outer = limitsOf({ module, inputs, max_cpu_share_percent: 30 });
  const own = limitsOf({ module: { max_locals: 100 }, inputs: { max_metrics: 50 } }, outer);
  const effective = limitsFor(config(own), "any");
  assert.equal(effective.module.locals, 100);
  assert.equal(effective.module.counts.types, 7);
  assert.deepEqual([effective.inputs.metrics, effective.inputs.httpCalls], [50, 6]);
  assert.equal(effective.share.cpuShare, 0.3);
});

test("limitsFor() gives the defaults of shares, modules and inputs where nothing is said", () => {
  const effective = limitsFor(config(limitsOf({})), "any");
  assert.deepEqual(effective.share, { cpuShare: 0.5, loopDelayMs: 50 });
  assert.deepEqual(effective.module, staticLimits);
  assert.deepEqual(effective.inputs, inputLimits);
  assert.equal(effective.instructions, undefined);
});

test("guestLimitsOf() reads the share of a worker and the delay from which it counts", () => {
  const limits = limitsOf({ max_cpu_share_percent: 25, cpu_share_loop_delay: "0.2s" });
  assert.deepEqual(limitsFor(config(limits), "any").share, { cpuShare: 0.25, loopDelayMs: 200 });
});

test("wasmSettingsOf() reads how modules are run; limitsFor() takes the entry of the first name", () => {
  const settings = (json: Parameters<typeof messageOf>[1], outer = {}) =>
    wasmSettingsOf(messageOf<Wasm>("sluice.guests.v1.Wasm", json), outer);
  const wasm = settings({ clone_vms: false, max_instructions_per_callback: 10 });
  assert.equal(wasm.cloneVms, false);
  const own = settings({ deterministic: true, max_instructions_per_configure: 20 }, wasm);
  const guests = config(limitsOf({}), { wasm, wasmByName: new Map([["p", own]]) });
  const counted = limitsFor(guests, "p", "filter");
  assert.deepEqual(counted.instructions, { callback: 10, configure: 20 });
  assert.equal(counted.callbackMs, 5000, "time only ends what executes no instructions");
  assert.equal(limitsFor(guests, "other").instructions, undefined);
});
