import assert from "node:assert/strict";
import { test } from "node:test";
import { ownSettings } from "../../../../../host/src/http/codec/http2/peer-settings.ts";
import { defaultHttp2Settings as defaults } from "../../../../support/http2.ts";

test("ownSettings() says how large a head may be, as the setting counts it", () => {
  const head = [6, 61_440 + 32 * 100];
  assert.deepEqual(ownSettings(defaults, false), [3, 1024, 4, 16_777_216, ...head]);
  assert.deepEqual(ownSettings(defaults, true), [2, 0, 4, 16_777_216, ...head]);
});

test("ownSettings() leaves the word to custom settings", () => {
  const settings = { ...defaults, customSettings: [{ identifier: 6, value: 1 }] };
  assert.deepEqual(ownSettings(settings, true).slice(-2), [6, 1]);
  assert.equal(ownSettings(settings, true).length, 6);
});
