import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FilterDataStatus } from "../../../../host/src/contracts/http/filter.ts";
import { startWatchdog, type Watchdog } from "../../../../host/src/guest/limits/watchdog.ts";
import { StateQuota } from "../../../../host/src/guest/lua/engine/state-quota.ts";
import { LuaScriptStates } from "../../../../host/src/guest/lua/script-states.ts";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

let watchdog: Watchdog;
before(() => {
  watchdog = startWatchdog((error) => assert.fail(error));
});
after(() => watchdog.stop());

const source = `
  count = 0
  function envoy_on_request(h)
    if h:headers():get("x-loop") then while true do end end
    if h:headers():get("x-wait") then h:body() end
    count = count + 1
    h:headers():add("x-count", count)
  end`;

function statesOf(
  code: string,
  quota = new StateQuota(),
): {
  states: LuaScriptStates;
  posted: (() => void)[];
  host: LuaHost;
} {
  const host = new LuaHost(quota);
  watchdog.watch(host.environment.epoch);
  const posted: (() => void)[] = [];
  const { config, engine } = host.load(code);
  engine.release();
  host.lines.length = 0;
  const states = new LuaScriptStates(config, host.environment, {
    loadBudgetMs: 1000,
    post: (callback) => posted.push(callback),
  });
  return { states, posted, host };
}

function stream(states: LuaScriptStates, header: string, endStream = true): LuaStream {
  assert.ok(states.current);
  return new LuaStream(
    states.current,
    [
      [":path", "/"],
      [header, "1"],
    ],
    { endStream },
  );
}

test("LuaScriptStates puts a spare in the place of a state that was lost", () => {
  const { states, posted } = statesOf(source);
  posted.shift()!();
  const first = states.current!;
  const trapped = stream(states, "x-loop");
  assert.equal(trapped.start(), 0, "the stream goes on");
  assert.deepEqual(trapped.side.traps, ["the script used more than its 10 ms of CPU time"]);
  const next = stream(states, "x-a");
  next.start();
  assert.notEqual(states.current, first);
  assert.equal(next.headers.get("x-count"), "1", "globals are those of a fresh state");
  assert.equal(posted.length, 1, "another spare is asked for");
});

test("LuaScriptStates loads a state at once when there is no spare yet", () => {
  const { states } = statesOf(source);
  for (let i = 0; i < 3; i += 1) {
    stream(states, "x-loop").start();
    const next = stream(states, "x-a");
    next.start();
    assert.equal(next.headers.get("x-count"), "1");
  }
});

test("a stream that waits in a lost state goes on without its script", () => {
  const { states } = statesOf(source);
  const waiting = stream(states, "x-wait", false);
  waiting.start();
  stream(states, "x-loop").start();
  assert.equal(waiting.data("body", true).status, FilterDataStatus.Continue);
  assert.equal(waiting.side.traps.length, 1);
  assert.equal(waiting.headers.get("x-count"), undefined);
  waiting.handle.onDestroy();
});

test("LuaScriptStates makes no spare once it is closed", () => {
  const { states, posted, host } = statesOf("print('loaded') function envoy_on_request() end");
  states.close();
  posted.shift()!();
  assert.ok(states.current);
  assert.equal(host.environment.quota.states, 0);
});

test("LuaScriptStates replaces no state once it is closed, and gives no lost one", () => {
  const { states } = statesOf(source);
  const left = stream(states, "x-loop");
  states.close();
  left.start();
  assert.equal(left.side.traps.length, 1);
  assert.equal(states.current, undefined);
});

test("LuaScriptStates makes no spare where room for states runs short, and loads one when it is needed", () => {
  const { states, posted, host } = statesOf(source, new StateQuota({ states: 4, bytes: 1e9 }));
  const others = [1, 2].map(() => host.load(source));
  posted.shift()!();
  assert.equal(host.environment.quota.states, 3);
  stream(states, "x-loop").start();
  assert.ok(states.current);
  assert.equal(host.environment.quota.states, 3);
  for (const { engine } of others) engine.release();
  posted.shift()!();
  assert.equal(host.environment.quota.states, 2);
});

test("LuaScriptStates runs the main chunk once for each state that is used", () => {
  const { states, posted, host } = statesOf(`print("loaded") ${source}`);
  posted.shift()!();
  assert.deepEqual(host.lines, ["info script log: loaded"], "the spare has not run");
  stream(states, "x-loop").start();
  assert.equal(host.lines.length, 1, "nobody has asked for the spare yet");
  assert.ok(states.current);
  assert.equal(host.lines.length, 2);
  assert.equal(host.environment.quota.states, 1, "the lost state gave its room back");
});
test("LuaScriptStates says so when a spare cannot be run, and has no state from then on", () => {
  const { states, host } = statesOf(`
    if sluice.shared.increment("loads") > 2 then error("no more") end ${source}`);
  stream(states, "x-loop").start();
  assert.equal(states.current, undefined);
  assert.match(host.lines.at(-1)!, /it does not run any more: script load error: .*no more/);
  assert.equal(host.environment.quota.states, 0);
});

test("LuaScriptStates gives up its spare for another script, and is replaced all the same", () => {
  const { states, posted, host } = statesOf(source, new StateQuota({ states: 3, bytes: 1e9 }));
  const { quota } = host.environment;
  posted.shift()!();
  const others = [host.load(source), host.load(source)];
  assert.equal(quota.states, 3);
  assert.throws(() => host.load(source), /the limit of 3 Lua states per worker/);
  stream(states, "x-loop").start();
  const next = stream(states, "x-a");
  next.start();
  assert.equal(next.headers.get("x-count"), "1");
  posted.shift()!();
  states.close();
  assert.equal(quota.states, others.length);
});
