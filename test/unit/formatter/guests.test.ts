import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuestTimes, StreamInfo } from "../../../host/src/contracts/stream-info.ts";
import { compileFormat } from "../../../host/src/formatter/formatter.ts";
import { compileJsonFormat } from "../../../host/src/formatter/json-formatter.ts";

const times: GuestTimes = {
  selfMs: 0.01234,
  hostCallMs: 1,
  pausedMs: 0,
  callbacks: 3,
  byCallback: new Map([
    ["proxy_on_log", { selfMs: 0.002, hostCallMs: 0.001, pausedMs: 0, callbacks: 1 }],
  ]),
};
const info = { guestTimes: new Map([["a:b", times]]) } as unknown as StreamInfo;

function line(format: string, of: StreamInfo = info): string {
  const compiled = compileFormat(format);
  assert.ok(compiled.ok, compiled.ok ? "" : compiled.error);
  return compiled.value.format(of);
}

test("%SLUICE_GUEST()% prints what a guest took, whose name may hold colons", () => {
  const text = line(
    "%SLUICE_GUEST(a:b:self_us)% %SLUICE_GUEST(a:b:host_call_us)% %SLUICE_GUEST(a:b:paused_us)% %SLUICE_GUEST(a:b:callbacks)%",
  );
  assert.equal(text, "12.3 1000 0 3");
});

test("%SLUICE_GUEST()% has no value for other guests, and for streams that were not measured", () => {
  assert.equal(line("%SLUICE_GUEST(a:self_us)%"), "-");
  assert.equal(line("%SLUICE_GUEST(a:b:self_us)%", {} as StreamInfo), "-");
});

test("%SLUICE_GUEST()% prints what one callback took", () => {
  const format =
    "%SLUICE_GUEST(a:b:proxy_on_log:self_us)% %SLUICE_GUEST(a:b:proxy_on_log:callbacks)%";
  assert.equal(line(format), "2 1");
  assert.equal(line("%SLUICE_GUEST(a:b:proxy_on_done:self_us)%"), "-");
});

test("%SLUICE_GUEST()% is a number in JSON", () => {
  const compiled = compileJsonFormat({ us: "%SLUICE_GUEST(a:b:self_us)%" });
  assert.ok(compiled.ok);
  assert.equal(compiled.value.format(info), '{"us":12.3}\n');
});

test("%SLUICE_GUEST()% refuses what it does not know, by name", () => {
  const error = (format: string): string => {
    const compiled = compileFormat(format);
    assert.ok(!compiled.ok);
    return compiled.error;
  };
  const text =
    "SLUICE_GUEST takes the name of a Wasm plugin or Lua filter, a colon, if it is about one callback its name and a colon, and one of self_us, host_call_us, paused_us, callbacks";
  assert.equal(error("%SLUICE_GUEST(a:b)%"), text);
  assert.equal(error("%SLUICE_GUEST(a)%"), text);
  assert.equal(error("%SLUICE_GUEST%"), "SLUICE_GUEST requires parameters");
  assert.match(error("%SLUICE_GUEST(a:self_us):3%"), /does not allow length/);
});
