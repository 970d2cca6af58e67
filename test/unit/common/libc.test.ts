import assert from "node:assert/strict";
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import {
  appendOnly,
  bindSocket,
  boundAddress,
  duplicate,
  receiveDescriptors,
  sendDescriptors,
  socketPair,
  streamSocket,
  trimHeap,
} from "../../../host/src/common/libc.ts";

const openFiles = (): number => readdirSync("/proc/self/fd").length;

test("sendDescriptors() hands duplicates to whoever receives from the other end", () => {
  const before = openFiles();
  const [ours, theirs] = socketPair();
  const files = [openSync("/proc/self/stat", "r"), openSync("/proc/self/status", "r")];
  sendDescriptors(ours, files);
  sendDescriptors(ours, files.slice(1));
  const received = receiveDescriptors(theirs);
  assert.equal(received.length, 2);
  for (const [i, fd] of received.entries()) {
    assert.notEqual(fd, files[i]);
    assert.equal(fstatSync(fd).ino, fstatSync(files[i]!).ino);
  }
  const more = receiveDescriptors(theirs);
  assert.match(readFileSync(more[0]!, "utf8"), /^Name:/);
  for (const fd of [ours, theirs, ...files, ...received, ...more]) closeSync(fd);
  assert.equal(openFiles(), before);
});

test("sendDescriptors() carries 250 descriptors in one message", () => {
  const [ours, theirs] = socketPair();
  const file = openSync("/dev/null", "r");
  sendDescriptors(ours, Array(250).fill(file));
  const received = receiveDescriptors(theirs);
  assert.equal(received.length, 250);
  for (const fd of [ours, theirs, file, ...received]) closeSync(fd);
});

test("receiveDescriptors() throws when nothing has arrived or the other end is gone", () => {
  const [ours, theirs] = socketPair();
  assert.throws(() => receiveDescriptors(theirs), { code: "EAGAIN" });
  closeSync(ours);
  assert.throws(() => receiveDescriptors(theirs), /carried no descriptors/);
  closeSync(theirs);
});

test("duplicate() gives another number for the same file and throws for none", () => {
  const file = openSync("/dev/null", "r");
  const copy = duplicate(file);
  assert.notEqual(copy, file);
  assert.equal(fstatSync(copy).ino, fstatSync(file).ino);
  closeSync(file);
  closeSync(copy);
  assert.throws(() => duplicate(copy), { code: "EBADF", syscall: "fcntl" });
});

const ipv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some((i) => i.address === "::1"),
);

test("appendOnly() lets writes go to the file's end for everybody who shares it", (t) => {
  const file = path.join(tmpdir(), `sluice-append-${process.pid}`);
  t.after(() => rmSync(file));
  const first = openSync(file, "w");
  const copy = duplicate(first);
  const other = openSync(file, "a");
  appendOnly(copy);
  for (const [fd, text] of [
    [first, "one "],
    [other, "two "],
    [first, "three"],
  ] as const) {
    writeSync(fd, text);
  }
  assert.equal(readFileSync(file, "utf8"), "one two three");
  for (const fd of [first, copy, other]) closeSync(fd);
});

test("trimHeap() may be called at any time", () => {
  trimHeap();
  trimHeap();
});

for (const ip of ["127.0.0.1", "::1", "::"] as const) {
  test(`boundAddress() reads back ${ip}`, { skip: ip.includes(":") && !ipv6 }, () => {
    const family = ip.includes(":") ? 6 : 4;
    const fd = streamSocket({ kind: "ip", ip, port: 0, family });
    bindSocket(fd, { kind: "ip", ip, port: 0, family });
    const bound = boundAddress(fd);
    closeSync(fd);
    assert.deepEqual({ ip: bound.ip, family: bound.family }, { ip, family });
    assert.notEqual(bound.port, 0);
  });
}
