import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { Address } from "../../../host/src/contracts/address.ts";
import { ListeningSockets } from "../../../host/src/supervisor/listening-sockets.ts";
import type { SocketRequest } from "../../../host/src/supervisor/protocol.ts";

function request(address: Address, more: Partial<SocketRequest> = {}): SocketRequest {
  return {
    listenerName: "l",
    addressIndex: 0,
    address,
    copies: 1,
    reusePort: false,
    backlog: 16,
    ...more,
  };
}

const ip4 = (port: number): Address => ({ kind: "ip", ip: "127.0.0.1", port, family: 4 });
const pipe = (file: string, mode = 0): Address => ({ kind: "pipe", path: file, mode });

function sockets(t: TestContext): ListeningSockets {
  const all = new ListeningSockets();
  t.after(() => all.close());
  return all;
}

function folder(t: TestContext): string {
  const name = mkdtempSync(path.join(tmpdir(), "sluice-sockets-"));
  t.after(() => rmSync(name, { recursive: true }));
  return name;
}

/** "open" when the kernel takes the connection, else the error's code. */
function connecting(target: net.NetConnectOpts): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(target, () => {
      socket.destroy();
      resolve("open");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
  });
}

function opened(all: ListeningSockets, ...requests: SocketRequest[]) {
  const result = all.replace(requests);
  assert.ok(result.ok, result.ok ? "" : result.error.join("\n"));
  return result.value;
}

function problems(all: ListeningSockets, ...requests: SocketRequest[]): string[] {
  const result = all.replace(requests);
  assert.ok(!result.ok);
  return result.error;
}

const portOf = (address: Address): number => (address.kind === "ip" ? address.port : 0);

test("ListeningSockets.replace() listens and tells the port that the kernel chose", async (t) => {
  const [set] = opened(sockets(t), request(ip4(0)));
  assert.notEqual(portOf(set!.address), 0);
  assert.equal(await connecting({ port: portOf(set!.address), host: "127.0.0.1" }), "open");
});

test("ListeningSockets.replace() keeps what is open, opens what is new, closes the rest", async (t) => {
  const all = sockets(t);
  const kept = request(ip4(0), { listenerName: "kept" });
  const dropped = request(ip4(0), { listenerName: "dropped" });
  const [first, second] = opened(all, kept, dropped);
  const [again, added] = opened(all, kept, request(ip4(0), { listenerName: "added" }));
  assert.deepEqual(again!.fds, first!.fds);
  assert.notEqual(portOf(added!.address), portOf(first!.address));
  const port = portOf(second!.address);
  assert.equal(await connecting({ port, host: "127.0.0.1" }), "ECONNREFUSED");
});

test("ListeningSockets.replace() changes nothing when one cannot be opened", async (t) => {
  const all = sockets(t);
  const [first] = opened(all, request(ip4(0)));
  const files = readdirSync("/proc/self/fd").length;
  const found = problems(
    all,
    request(ip4(0), { listenerName: "new" }),
    request({ kind: "ip", ip: "192.0.2.1", port: 0, family: 4 }, { listenerName: "far" }),
    request(pipe("/nonexistent/s"), { listenerName: "pipe" }),
  );
  assert.equal(found.length, 2, "every problem is told");
  assert.match(
    found[0]!,
    /^listener 'far': cannot listen on 192\.0\.2\.1:0: .*EADDRNOTAVAIL.*: no interface/,
  );
  assert.match(found[1]!, /^listener 'pipe': cannot listen on \/nonexistent\/s: .*ENOENT/);
  assert.equal(readdirSync("/proc/self/fd").length, files);
  assert.equal(await connecting({ port: portOf(first!.address), host: "127.0.0.1" }), "open");
});

test("ListeningSockets.replace() refuses one address twice", (t) => {
  const all = sockets(t);
  const [set] = opened(all, request(ip4(0)));
  const same = request(set!.address);
  const found = problems(sockets(t), same);
  assert.match(found[0]!, /address already in use \(EADDRINUSE from (bind|listen)\)/);
  all.close();
  assert.match(
    problems(all, same, { ...same, listenerName: "b" })[0]!,
    /^listener 'b'.*EADDRINUSE/,
  );
});

test("ListeningSockets.replace() gives SO_REUSEPORT copies one port", (t) => {
  const all = sockets(t);
  const [set] = opened(all, request(ip4(0), { reusePort: true, copies: 3 }));
  assert.equal(new Set(set!.fds).size, 3);
  // The same port with other options: the predecessor is no obstacle.
  const [single] = opened(all, request(set!.address));
  assert.equal(single!.fds.length, 1);
  assert.equal(portOf(single!.address), portOf(set!.address));
});

const ipv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some((i) => i.address === "::1"),
);

test("ListeningSockets.replace() leaves IPv4 to others unless ipv4_compat is set", async (t) => {
  if (!ipv6) return t.skip("no IPv6 here");
  const any6 = { kind: "ip", ip: "::", port: 0, family: 6 } as const;
  const [only6] = opened(sockets(t), request(any6));
  const port6 = portOf(only6!.address);
  assert.equal(await connecting({ port: port6, host: "::1" }), "open");
  assert.equal(await connecting({ port: port6, host: "127.0.0.1" }), "ECONNREFUSED");
  const [both] = opened(sockets(t), request({ ...any6, ipv4Compat: true }));
  const port = portOf(both!.address);
  assert.equal(await connecting({ port, host: "127.0.0.1" }), "open");
});

test("ListeningSockets.replace() gives a socket file its mode, and close() removes it", async (t) => {
  const all = sockets(t);
  const file = path.join(folder(t), "s");
  opened(all, request(pipe(file, 0o640)));
  assert.equal(lstatSync(file).mode & 0o777, 0o640);
  assert.equal(await connecting({ path: file }), "open");
  all.close();
  assert.equal(existsSync(file), false);
});

test("ListeningSockets.replace() removes a stale socket file, but not one that answers", async (t) => {
  const file = path.join(folder(t), "s");
  const server = net.createServer().listen(file);
  await new Promise((resolve) => server.once("listening", resolve));
  assert.match(problems(sockets(t), request(pipe(file)))[0]!, /EADDRINUSE/);
  assert.equal(await connecting({ path: file }), "open");
  // Closed by the kernel alone, as when its owner is killed: the file stays.
  const kept = `${file}.kept`;
  linkSync(file, kept);
  await new Promise((resolve) => server.close(resolve));
  opened(sockets(t), request(pipe(kept)));
  assert.equal(await connecting({ path: kept }), "open");
});

test("ListeningSockets.replace() never removes a file that is no socket", (t) => {
  const file = path.join(folder(t), "precious");
  writeFileSync(file, "text");
  assert.match(problems(sockets(t), request(pipe(file)))[0]!, /EADDRINUSE/);
  assert.ok(existsSync(file));
});

test("ListeningSockets.replace() opens abstract names and refuses long paths", async (t) => {
  const name = `@sluice-test-${process.pid}`;
  opened(sockets(t), request(pipe(name)));
  assert.equal(await connecting({ path: `\0${name.slice(1)}` }), "open");
  const found = problems(sockets(t), request(pipe(`/tmp/${"x".repeat(104)}`)));
  assert.match(found[0]!, /ENAMETOOLONG.*at most 107 bytes/);
});
