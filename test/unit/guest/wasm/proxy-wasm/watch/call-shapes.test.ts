import assert from "node:assert/strict";
import { test } from "node:test";
import { callbacks, hostcalls } from "@sluice/abi";
import {
  callbackParameters,
  hostcallShapes,
  parametersOf,
} from "../../../../../../host/src/guest/wasm/proxy-wasm/watch/call-shapes.ts";

test("the shapes of a host call stand for as many parameters as it has", () => {
  for (const [name, shapes] of Object.entries(hostcallShapes)) {
    const count = shapes.reduce((sum, shape) => sum + parametersOf(shape), 0);
    assert.equal(count, hostcalls[name as keyof typeof hostcalls].params.length, name);
  }
});

test("every host call has a shape", () => {
  // Those without parameters need none.
  const missing = Object.entries(hostcalls)
    .filter(([, { params }]) => params.length > 0)
    .map(([name]) => name)
    .filter((name) => !Object.hasOwn(hostcallShapes, name));
  assert.deepEqual(missing, []);
});

test("the parameters of a callback are as many as it has", () => {
  for (const [name, parameters] of Object.entries(callbackParameters)) {
    assert.equal(parameters.length, callbacks[name as keyof typeof callbacks].params.length, name);
  }
});
