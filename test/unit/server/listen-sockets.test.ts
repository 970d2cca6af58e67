import assert from "node:assert/strict";
import { closeSync, existsSync, openSync } from "node:fs";
import { test } from "node:test";
import { ListenSockets } from "../../../host/src/server/listen-sockets.ts";

const isOpen = (fd: number): boolean => existsSync(`/proc/self/fd/${fd}`);
const anyFile = (name = "/proc/self/stat"): number => openSync(name, "r");

function held(...fds: number[]): ListenSockets {
  const sockets = new ListenSockets();
  sockets.set([{ listenerName: "l", addressIndex: 1, fds }]);
  return sockets;
}

test("ListenSockets.duplicatesFor() gives each worker its own number for the shared socket", () => {
  const original = anyFile();
  const sockets = held(original);
  const [first] = sockets.duplicatesFor(0);
  const [second] = sockets.duplicatesFor(1);
  assert.deepEqual([first!.listenerName, first!.addressIndex], ["l", 1]);
  assert.equal(new Set([original, first!.fd, second!.fd]).size, 3);
  sockets.close();
  assert.equal(isOpen(original), false);
  for (const { fd } of [first!, second!]) closeSync(fd);
});

test("ListenSockets.reclaim() closes what a dead worker has left open", () => {
  const sockets = held(anyFile());
  const [left] = sockets.duplicatesFor(0);
  sockets.reclaim(0);
  assert.equal(isOpen(left!.fd), false);
  sockets.reclaim(0);
  sockets.close();
});

test("ListenSockets.reclaim() leaves a number that means another file by now", () => {
  const sockets = held(anyFile());
  const [given] = sockets.duplicatesFor(0);
  closeSync(given!.fd);
  const other = anyFile("/dev/null");
  assert.equal(other, given!.fd, "the number is used again");
  sockets.reclaim(0);
  assert.equal(isOpen(other), true);
  closeSync(other);
  sockets.close();
});

test("ListenSockets.reclaim() leaves a number that another worker has by now", () => {
  const sockets = held(anyFile());
  const [given] = sockets.duplicatesFor(0);
  closeSync(given!.fd);
  const [next] = sockets.duplicatesFor(1);
  assert.equal(next!.fd, given!.fd, "the number is used again");
  sockets.reclaim(0);
  assert.equal(isOpen(next!.fd), true);
  closeSync(next!.fd);
  sockets.close();
});
