import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionEvent } from "../../../host/src/contracts/network/connection.ts";
import { CallbackList } from "../../../host/src/network/callback-list.ts";

const nothing = (): void => undefined;
const callbacks = (onEvent: () => void) => ({
  onEvent,
  onAboveWriteBufferHighWatermark: nothing,
  onBelowWriteBufferLowWatermark: nothing,
});

test("CallbackList calls in order, and those that are added meanwhile, too", () => {
  const list = new CallbackList();
  const journal: string[] = [];
  const late = callbacks(() => journal.push("late"));
  list.add(
    callbacks(() => {
      journal.push("first");
      list.add(late);
    }),
  );
  list.add(callbacks(() => journal.push("second")));
  list.raiseEvent(ConnectionEvent.LocalClose);
  assert.deepEqual(journal, ["first", "second", "late"]);
});

test("CallbackList does not call what was removed meanwhile", () => {
  const list = new CallbackList();
  const journal: string[] = [];
  const second = callbacks(() => journal.push("second"));
  const first = callbacks(() => {
    journal.push("first");
    list.remove(second);
    list.remove(first);
  });
  list.add(first);
  list.add(second);
  list.add(callbacks(() => journal.push("third")));
  list.raiseEvent(ConnectionEvent.LocalClose);
  list.raiseEvent(ConnectionEvent.LocalClose);
  assert.deepEqual(journal, ["first", "third", "third"]);
});

test("CallbackList.raiseDrain() skips callbacks without onDrain", () => {
  const list = new CallbackList();
  const journal: string[] = [];
  list.add(callbacks(nothing));
  list.add({ ...callbacks(nothing), onDrain: () => journal.push("drain") });
  list.raiseDrain();
  assert.deepEqual(journal, ["drain"]);
});

test("CallbackList.clear() ends what is being raised", () => {
  const list = new CallbackList();
  const journal: string[] = [];
  list.add(callbacks(() => list.clear()));
  list.add(callbacks(() => journal.push("never")));
  list.raiseEvent(ConnectionEvent.RemoteClose);
  assert.deepEqual(journal, []);
});
