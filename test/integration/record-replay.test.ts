import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { type Finished, run, sluiceBin } from "../support/command.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { adminAt } from "../support/admin-stats.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { parityGuest } from "../support/suites.ts";

// sluice record on a running proxy, and sluice replay of what it wrote.

interface Proxy {
  readonly folder: string;
  readonly admin: string;
  /** Asks for what the guest is to do; the status. */
  ask(what: string, headers?: http.OutgoingHttpHeaders): Promise<number>;
}

async function startProxy(context: TestContext): Promise<Proxy> {
  const folder = scratchFolder(context);
  const module = path.join(folder, "parity.wasm");
  copyFileSync(parityGuest, module);
  const server = http.createServer((request, response) => {
    request.resume().on("end", () => response.end(request.url === "/one" ? "answer" : "done"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const upstream = (server.address() as { port: number }).port;
  const [port, admin] = [await freePort(), await freePort()];
  const filter = httpFilter(
    "parity",
    wasmConfig(module, { name: "parity", plugin: { failure_policy: "FAIL_RELOAD" } }),
  );
  await startSluice(context, {
    config: bootstrap(
      [httpListener({ port, filters: [filter] })],
      [staticCluster("upstream", [upstream]), staticCluster("callout", [upstream])],
      adminAt(admin),
    ),
    folder,
    args: ["--concurrency", "2"],
  });
  const ask = (what: string, headers: http.OutgoingHttpHeaders = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { port, host: "127.0.0.1", method: "POST", agent: false };
      const request = http.request({ ...options, headers: { ...headers, "x-do": what } });
      request.on("error", reject);
      request.on("response", (response) =>
        response.resume().on("end", () => resolve(response.statusCode!)),
      );
      request.end("hello");
    });
  return { folder, admin: `127.0.0.1:${admin}`, ask };
}

function sluice(folder: string, ...args: readonly string[]): Promise<Finished> {
  return run(process.execPath, [sluiceBin, ...args], { cwd: folder });
}

/** Records while requests are made, as long as it takes: the recorder attaches when it does. */
async function recorded(
  proxy: Proxy,
  args: readonly string[],
  request: () => Promise<unknown>,
): Promise<Finished> {
  const all = ["record", "parity", "--admin", proxy.admin, "-o", "recording.jsonl", ...args];
  let ended = false;
  const recording = sluice(proxy.folder, ...all).finally(() => (ended = true));
  while (!ended) {
    await request();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return recording;
}

test("a recorded stream does the same again, without a network", async (context) => {
  const proxy = await startProxy(context);
  const { folder } = proxy;
  const done = await recorded(proxy, [], () =>
    proxy.ask("request-headers=call request-body=upper response-headers=add", {
      authorization: "Bearer 0123456789",
    }),
  );
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /^1 stream recorded\n$/);
  const text = readFileSync(path.join(folder, "recording.jsonl"), "utf8");
  assert.ok(!text.includes("0123456789"), "secrets are left out");

  const same = await sluice(folder, "replay", "recording.jsonl");
  assert.equal(same.stderr, "");
  assert.match(same.stdout, /^the module does what was recorded: \d+ callbacks, \d+ host calls\n$/);
  assert.equal(same.code, 0);

  // A recording of something that the module does not do.
  const changed = text.replace('"HELLO"', '"hello!"');
  assert.notEqual(changed, text);
  writeFileSync(path.join(folder, "changed.jsonl"), changed);
  const other = await sluice(folder, "replay", "changed.jsonl");
  assert.equal(other.code, 1, other.stdout);
  assert.match(
    other.stdout,
    /^the first difference, after \d+ callbacks, \d+ host calls: callback \d+, proxy_on_/,
  );
  assert.match(
    other.stdout,
    /\n {2}recorded {2}.*\n {2}now {7}.*\n {2}\(values of authorization, cookie, set-cookie are not in the recording\)\n$/,
  );

  const suite = await sluice(folder, "replay", "recording.jsonl", "--test");
  assert.equal(suite.code, 0);

  // The module with an empty section more: another one, which does the same.
  const module = path.join(folder, "parity.wasm");
  const original = readFileSync(module);
  writeFileSync(module, Buffer.concat([original, Buffer.of(0, 2, 1, 0x61)]));
  const replaced = await sluice(folder, "replay", "recording.jsonl");
  assert.equal(replaced.code, 2);
  assert.match(
    replaced.stderr,
    /parity\.wasm has changed since the recording; to run what is there now: --with/,
  );
  const given = await sluice(folder, "replay", "recording.jsonl", "--with", module);
  assert.equal(given.code, 0, given.stdout + given.stderr);
  writeFileSync(module, original);

  writeFileSync(path.join(folder, "recorded.test.yaml"), suite.stdout);
  const update = await sluice(folder, "test", "--update");
  assert.equal(update.code, 0, `${suite.stdout}\n${update.stdout}${update.stderr}`);
  assert.equal((await sluice(folder, "test")).code, 0);
});

test("streams that trap are recorded with --on-trap, and fail again", async (context) => {
  const proxy = await startProxy(context);
  let count = 0;
  const done = await recorded(proxy, ["--on-trap"], () => {
    count += 1;
    return proxy.ask(count % 2 === 0 ? "request-body=trap" : "request-headers=add");
  });
  assert.equal(done.code, 0, done.stderr);
  const again = await sluice(proxy.folder, "replay", "recording.jsonl");
  assert.match(again.stdout, /; it fails as it did: Function: proxy_on_request_body failed/);
  assert.equal(again.code, 0);
  const suite = await sluice(proxy.folder, "replay", "recording.jsonl", "--test");
  writeFileSync(path.join(proxy.folder, "trap.test.yaml"), suite.stdout);
  const update = await sluice(proxy.folder, "test", "--update");
  assert.equal(update.code, 0, `${suite.stdout}\n${update.stdout}${update.stderr}`);
});

test("sluice record and replay say what is wrong", async (context) => {
  const folder = scratchFolder(context);
  for (const [args, code, text] of [
    [["record"], 2, /Which plugin\?/],
    [["record", "a", "b"], 2, /One plugin at a time: 'a' or 'b'/],
    [["record", "a", "--admin", "nowhere"], 2, /--admin: 'nowhere' is neither/],
    [
      ["record", "a", "--admin", `127.0.0.1:${await freePort()}`],
      1,
      /the admin interface at 127\.0\.0\.1:\d+: /,
    ],
    [["replay"], 2, /Which recording\?/],
    [["replay", "bad.jsonl", "--wiht", "x"], 2, /Did you mean --with\?/],
  ] as const) {
    writeFileSync(path.join(folder, "bad.jsonl"), "{}\n");
    const finished = await sluice(folder, ...args);
    assert.equal(finished.code, code, `${args.join(" ")}: ${finished.stderr}`);
    assert.match(finished.stderr, text);
  }
});
