import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblems } from "../../../host/src/config/problem.ts";
import type { GuestLimitsConfig } from "../../../host/src/contracts/config/guests.ts";
import { registry } from "../../../host/src/extensions/all.ts";
import {
  luaLimitsFor,
  luaModulesFor,
  luaOptionsFor,
  stateQuotaOf,
} from "../../../host/src/guest/lua/options.ts";
import { loadBootstrap } from "../../../host/src/server/bootstrap.ts";

const mebibyte = 1_048_576;

/** A bootstrap with these `sluice.guests`. */
function load(guests: string): ReturnType<typeof loadBootstrap> {
  const type = "type.googleapis.com/sluice.guests.v1.Guests";
  const configYaml = `bootstrap_extensions: [{ name: sluice.guests, typed_config: { "@type": ${type}, ${guests} } }]`;
  return loadBootstrap({ registry, version: "1", configYaml });
}

function settings(guests: string): GuestLimitsConfig {
  const result = load(guests);
  if (!result.ok) assert.fail(formatProblems(result.error));
  return result.value.guestLimits;
}

function refusal(guests: string): string {
  const result = load(guests);
  assert.ok(!result.ok);
  return formatProblems(result.error);
}

test("scripts have Envoy's dialect and libraries, our extensions, and 32 MiB, unless something else is said", () => {
  const config = settings("");
  assert.deepEqual(luaOptionsFor(config, "any"), {
    dialect: "luajit",
    profile: "envoy-compatible",
    extensions: true,
    countInstructions: false,
  });
  const { callbackMs, configureMs, canaryMs, memoryBytes, share } = luaLimitsFor(config, "any");
  assert.deepEqual(
    [callbackMs, configureMs, canaryMs, memoryBytes],
    [10, 1000, 5000, 32 * mebibyte],
  );
  assert.deepEqual(share, { cpuShare: 0.5, loopDelayMs: 50 });
  assert.deepEqual(stateQuotaOf(config), { states: 500, bytes: 1024 * mebibyte });
  assert.equal(luaModulesFor(config, "any").size, 0);
});

test("an entry of sluice.guests is laid over what all scripts have", () => {
  const config = settings(`
    default_limits: { max_memory_bytes: ${8 * mebibyte} },
    default_lua: { extensions: false, count_instructions: true },
    entries: [
      { name: own, limits: { max_memory_bytes: ${4 * mebibyte} },
        lua: { extensions: true, profile: SANDBOXED, modules: { b: { inline_string: "2" } } } } ],
    lua_states: { max_states_per_worker: 7, max_memory_bytes_per_worker: ${3 * mebibyte} }`);
  assert.equal(luaOptionsFor(config, "any").extensions, false);
  assert.equal(luaLimitsFor(config, "any").memoryBytes, 8 * mebibyte);
  assert.deepEqual(luaOptionsFor(config, "own"), {
    dialect: "luajit",
    profile: "sandboxed",
    extensions: true,
    countInstructions: true,
  });
  assert.equal(luaLimitsFor(config, "own").memoryBytes, 4 * mebibyte);
  assert.deepEqual(stateQuotaOf(config), { states: 7, bytes: 3 * mebibyte });
});

test("an entry has its own modules besides those of all scripts", () => {
  const config = settings(`
    default_lua: { modules: { a: { inline_string: "1" }, c: { inline_string: "3" } } },
    entries: [ { name: own, limits: {}, lua: { modules: { a: { inline_string: "0" }, b: { inline_string: "2" } } } } ]`);
  const modules = (name: string): string =>
    [...luaModulesFor(config, name)]
      .map(([key, text]) => key + Buffer.from(text).toString())
      .join(" ");
  assert.equal(modules("any"), "a1 c3");
  assert.equal(modules("own"), "a0 c3 b2");
});

test("settings that cannot be are refused with their place", () => {
  const text = refusal(`
    default_lua: { extensions: false, modules: { m: { inline_string: "" } } },
    lua_states: { max_states_per_worker: 0 }`);
  assert.match(text, /default_lua\.extensions: there are no modules without extensions: remove m/);
  assert.match(text, /lua_states\.max_states_per_worker/);
  const missing = refusal(`default_lua: { modules: { m: { filename: /nowhere.lua } } }`);
  assert.match(missing, /default_lua\.modules.*nowhere\.lua/);
});
