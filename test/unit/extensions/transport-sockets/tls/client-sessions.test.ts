import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ClientSessions,
  type KeptSession,
} from "../../../../../host/src/extensions/transport-sockets/tls/client-sessions.ts";

const session = (text: string, serverName = "a", singleUse = false): KeptSession => ({
  serverName,
  session: Buffer.from(text),
  singleUse,
  peer: undefined,
  curve: "",
});
const taken = (sessions: ClientSessions, serverName = "a"): string | undefined =>
  sessions.take(serverName)?.session.toString();

test("ClientSessions.take() gives the latest, again and again", () => {
  const sessions = new ClientSessions(2);
  sessions.keep(session("1"));
  sessions.keep(session("2"));
  assert.equal(taken(sessions), "2");
  assert.equal(taken(sessions), "2");
});

test("ClientSessions.take() gives a ticket of TLS 1.3 once", () => {
  const sessions = new ClientSessions(2);
  sessions.keep(session("1", "a", true));
  sessions.keep(session("2", "a", true));
  assert.deepEqual([taken(sessions), taken(sessions), taken(sessions)], ["2", "1", undefined]);
});

test("ClientSessions.keep() forgets the oldest when there are too many", () => {
  const sessions = new ClientSessions(1);
  sessions.keep(session("1", "a", true));
  sessions.keep(session("2", "a", true));
  assert.deepEqual([taken(sessions), taken(sessions)], ["2", undefined]);
  const none = new ClientSessions(0);
  none.keep(session("1"));
  assert.equal(taken(none), undefined);
});

test("ClientSessions.take() gives no session of another name", () => {
  const sessions = new ClientSessions(4);
  sessions.keep(session("1", "a"));
  assert.equal(taken(sessions, "b"), undefined);
  assert.equal(taken(sessions, "a"), "1");
});
