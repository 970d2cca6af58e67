import assert from "node:assert/strict";
import net from "node:net";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { TestClient } from "../support/hcm-server.ts";
import { ask } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener } from "../support/proxy-config.ts";
import { scratchFolder, SluiceProcess } from "../support/sluice-process.ts";
import { failureSocket, type Failure } from "../support/threads/failing-runtime.ts";

const program = fileURLToPath(new URL("../support/threads/failing-sluice.ts", import.meta.url));

/** The whole data plane, with two workers that fail on request. */
class FailingProxy {
  readonly #folder: string;
  readonly #ports: { readonly http: number; readonly admin: number };
  readonly process: SluiceProcess;

  constructor(t: TestContext, ports: { readonly http: number; readonly admin: number }) {
    this.#folder = scratchFolder(t);
    this.#ports = ports;
    const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
    const address = { socket_address: { address: "127.0.0.1", port_value: ports.admin } };
    this.process = new SluiceProcess(t, {
      config: bootstrap([httpListener({ port: ports.http, routes })], [], { admin: { address } }),
      folder: this.#folder,
      program: [process.execPath, "-C", "sluice-source", program],
      args: ["--concurrency", "2"],
      env: { SLUICE_TEST_FOLDER: this.#folder },
      mayLoseWorkers: true,
    });
  }

  static async start(t: TestContext): Promise<FailingProxy> {
    const proxy = new FailingProxy(t, { http: await freePort(), admin: await freePort() });
    await proxy.process.ready();
    return proxy;
  }

  connect(): Promise<TestClient> {
    return TestClient.connect(this.#ports.http);
  }

  fail(workerIndex: number, how: Failure): void {
    net
      .connect(failureSocket(this.#folder, workerIndex))
      .on("error", () => {})
      .end(how);
  }

  async stat(name: string): Promise<number> {
    const url = `http://127.0.0.1:${this.#ports.admin}/stats?filter=^${name}$`;
    const text = await (await fetch(url)).text();
    return Number(/: (\d+)/.exec(text)?.[1]);
  }
}

const total = "http.main.downstream_rq_total";
const active = "http.main.downstream_cx_active";

for (const how of ["throw", "reject", "exit", "hang"] as const) {
  test(`a worker that fails (${how}) takes its connections and gauges along, not its counters`, async (t) => {
    const proxy = await FailingProxy.start(t);
    const clients = await Promise.all(Array.from({ length: 24 }, () => proxy.connect()));
    for (const client of clients) assert.equal((await ask(client)).status, 200);
    assert.equal(await proxy.stat(active), clients.length);
    const before = await proxy.stat(total);
    assert.equal(before, clients.length);

    proxy.fail(0, how);
    await proxy.process.untilLogged(/worker_0 replaced after \d+ ms/);
    const alive = clients.filter((client) => !client.ended);
    assert.ok(alive.length < clients.length, "the failed worker had some of them");
    for (const client of alive) assert.equal((await ask(client)).status, 200);
    assert.equal(await proxy.stat(active), alive.length, "the others' connections are counted");
    assert.equal(await proxy.stat(total), before + alive.length, "no request is forgotten");

    // Both workers accept again: one of many connections ends up on the new one.
    const again = await Promise.all(Array.from({ length: 24 }, () => proxy.connect()));
    for (const client of again) assert.equal((await ask(client)).status, 200);
    assert.equal(await proxy.stat(total), before + alive.length + again.length);
    for (const client of [...clients, ...again]) client.socket.destroy();
    assert.deepEqual(await proxy.process.stop(), { code: 0, signal: null });
  });
}
