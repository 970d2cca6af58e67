import assert from "node:assert/strict";
import { test } from "node:test";
import type { MaterialSlots, SecretUpdate } from "../../../host/src/contracts/secret.ts";
import {
  hasOwnTicketKeys,
  ownTicketKeysSlot,
  rotateOwnTicketKeys,
} from "../../../host/src/secret/own-ticket-keys.ts";

const dayMs = 86_400_000;
const context = (ticketKeys: MaterialSlots["ticketKeys"]): MaterialSlots => ({
  certificates: [],
  validation: undefined,
  ticketKeys,
});

test("rotateOwnTicketKeys() brings a new key every day, with the one before", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const updates: SecretUpdate[] = [];
  const stop = rotateOwnTicketKeys(async (update) => updates.push(update));
  const slot = ownTicketKeysSlot();
  assert.ok(slot.kind === "secret" && slot.initial?.length === 1);
  t.mock.timers.tick(dayMs - 1);
  assert.equal(updates.length, 0);
  t.mock.timers.tick(dayMs + 1);
  const [first, second] = updates.map(({ key, material }) => {
    assert.equal(key, slot.key);
    assert.ok(material.kind === "ticket_keys");
    return material.value;
  });
  assert.equal(first?.length, 2);
  assert.equal(first[1], slot.initial[0]);
  assert.equal(second?.[1], first[0]);
  assert.deepEqual(
    [...first, ...second!].map((key) => key.length),
    [80, 80, 80, 80],
  );
  stop();
  t.mock.timers.tick(10 * dayMs);
  assert.equal(updates.length, 2);
});

test("hasOwnTicketKeys() finds contexts that are given none", () => {
  assert.equal(hasOwnTicketKeys([context(undefined), context(ownTicketKeysSlot())]), true);
  assert.equal(hasOwnTicketKeys([context({ kind: "fixed", value: [] })]), false);
});
