import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import type { HcmConfig } from "../../host/src/http/connection-manager/config.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { routeWith } from "../support/filter-harness.ts";
import { FrozenDispatcher, HcmServer, TestClient } from "../support/hcm-server.ts";

// Real sockets, simulated time: a test moves the clock when the bytes have arrived.

const off: Partial<HcmConfig> = {
  streamIdleTimeoutMs: 0,
  idleTimeoutMs: 0,
  delayedCloseTimeoutMs: 0,
};
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
const partialBody = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc";

interface Bench extends AsyncDisposable {
  readonly server: HcmServer;
  readonly answers: AnsweringFilters;
  readonly dispatcher: FrozenDispatcher;
  readonly client: TestClient;
}

async function bench(config: Partial<HcmConfig>, idleTimeoutMs?: number): Promise<Bench> {
  const dispatcher = new FrozenDispatcher();
  const answers = new AnsweringFilters();
  const server = await HcmServer.start({
    config: { ...off, ...config },
    dispatcher,
    filters: [{ name: "answer", instances: answers }],
    route: () => routeWith({ routeEntry: { idleTimeoutMs } as never }),
  });
  const client = await TestClient.connect(server.port);
  return {
    server,
    answers,
    dispatcher,
    client,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Waits until the connection manager has seen a request begin. */
async function begun(server: HcmServer, count = 1): Promise<void> {
  while (server.stat("downstream_rq_total") < count) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("time limits of a stream", () => {
  interface Limit {
    readonly name: string;
    readonly config: Partial<HcmConfig>;
    readonly body: string;
    readonly details: string;
    readonly flags: number;
    readonly stat: string;
    /** Statuses of a partial head, a partial body, and a whole request; undefined: no limit applies. */
    readonly statuses: readonly [string, string | undefined, string | undefined];
  }
  const limits: readonly Limit[] = [
    {
      name: "stream_idle_timeout",
      config: { streamIdleTimeoutMs: 1000 },
      body: "stream timeout",
      details: "stream_idle_timeout",
      flags: ResponseFlag.StreamIdleTimeout,
      stat: "downstream_rq_idle_timeout",
      statuses: ["408", "408", "504"],
    },
    {
      name: "request_timeout",
      config: { requestTimeoutMs: 1000 },
      body: "request timeout",
      details: "request_overall_timeout",
      flags: 0,
      stat: "downstream_rq_timeout",
      statuses: ["408", "408", undefined],
    },
    {
      name: "request_headers_timeout",
      config: { requestHeadersTimeoutMs: 1000 },
      body: "request header timeout",
      details: "request_header_timeout",
      flags: 0,
      stat: "downstream_rq_header_timeout",
      statuses: ["408", undefined, undefined],
    },
    {
      name: "max_stream_duration",
      config: { maxStreamDurationMs: 1000 },
      body: "downstream duration timeout",
      details: "max_duration_timeout",
      flags: 0,
      stat: "downstream_rq_max_duration_reached",
      statuses: ["408", "408", "504"],
    },
  ];
  const requests = [
    ["a partial head", "GET / HTT"],
    ["a partial body", partialBody],
    ["a whole request", get("/hold")],
  ] as const;

  for (const limit of limits) {
    for (const [i, [name, request]] of requests.entries()) {
      const status = limit.statuses[i];
      test(`${limit.name} on ${name} ${status === undefined ? "does nothing" : `is ${status}`}`, async () => {
        await using run = await bench(limit.config);
        const { client, server, dispatcher } = run;
        client.send(request);
        await begun(server);
        if (i > 0) await run.answers.until(1);
        // The bytes behind the head have come with it.
        dispatcher.advance(990);
        assert.equal(server.logged.length, 0, "not early");
        dispatcher.advance(20);
        if (status === undefined) {
          assert.equal(server.logged.length, 0);
          assert.equal(server.stat(limit.stat), 0);
          return;
        }
        const info = await server.untilLogged(1);
        const text = status === "504" ? await client.response() : await client.untilClosed();
        assert.equal(text.slice(9, 12), status);
        assert.ok(text.endsWith(`\r\n\r\n${limit.body}`), text);
        assert.equal(/\r\nconnection: close\r\n/.test(text), status === "408");
        assert.equal(info.responseCodeDetails, limit.details);
        assert.equal(info.responseFlags, limit.flags);
        assert.equal(server.stat(limit.stat), 1);
      });
    }
  }

  test("stream_idle_timeout after the response began ends the connection", async () => {
    await using run = await bench({ streamIdleTimeoutMs: 1000 });
    run.client.send(get("/hold"));
    const { callbacks } = await run.answers.until(1);
    const headers = callbacks.requestHeaders!.clone();
    headers.clear();
    headers.add(":status", "200");
    headers.add("content-length", "10");
    callbacks.encodeHeaders(headers, false, "via_upstream");
    await run.client.until((text) => text.includes("\r\n\r\n"));
    run.dispatcher.advance(1010);
    assert.match(await run.client.untilClosed(), /^HTTP\/1.1 200 OK.*\r\n\r\n$/s);
    const info = await run.server.untilLogged(1);
    assert.equal(info.responseCode, 200);
    assert.equal(info.responseFlags, ResponseFlag.StreamIdleTimeout);
    assert.equal(info.responseCodeDetails, "stream_idle_timeout");
    assert.equal(run.server.stat("downstream_rq_tx_reset"), 1);
    assert.equal(run.server.stat("downstream_rq_rx_reset"), 1);
  });

  test("activity keeps a stream from being idle", async () => {
    await using run = await bench({ streamIdleTimeoutMs: 1000 });
    run.client.send("POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
    const filter = await run.answers.until(1);
    for (let i = 1; i <= 5; i += 1) {
      run.dispatcher.advance(900);
      run.client.send("x");
      while (filter.body.length < i) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(run.server.logged.length, 0);
    run.dispatcher.advance(1010);
    assert.equal((await run.server.untilLogged(1)).responseCode, 408);
  });

  test("the limit of one request does not reach the next", async () => {
    await using run = await bench({ streamIdleTimeoutMs: 1000 });
    run.client.send(get("/direct/200"));
    await run.client.response();
    run.dispatcher.advance(900);
    run.client.send(get("/hold"));
    await run.answers.until(2);
    run.dispatcher.advance(900);
    assert.equal(run.server.logged.length, 1);
    run.dispatcher.advance(110);
    assert.equal((await run.server.untilLogged(2)).responseCode, 504);
  });

  test("idle_timeout of the route overrides the connection manager's", async () => {
    await using short = await bench({ streamIdleTimeoutMs: 10_000 }, 500);
    short.client.send(get("/hold"));
    await short.answers.until(1);
    short.dispatcher.advance(510);
    assert.equal((await short.server.untilLogged(1)).responseCode, 504);
    await using none = await bench({ streamIdleTimeoutMs: 1000 }, 0);
    none.client.send(get("/hold"));
    await none.answers.until(1);
    none.dispatcher.advance(100_000);
    assert.equal(none.server.logged.length, 0);
  });
});

describe("time limits of a connection", () => {
  test("idle_timeout before the first byte closes at once", async () => {
    await using run = await bench({ idleTimeoutMs: 1000 });
    await accepted(run.server);
    run.dispatcher.advance(1010);
    assert.equal(await run.client.untilClosed(), "");
    assert.equal(run.server.stat("downstream_cx_idle_timeout"), 1);
  });

  test("idle_timeout after a request drains first: what comes meanwhile is answered, with a warning", async () => {
    await using run = await bench({ idleTimeoutMs: 1000, drainTimeoutMs: 500 });
    run.client.send(get("/direct/200"));
    await run.client.response();
    run.dispatcher.advance(1010);
    run.client.send(get("/direct/200"));
    assert.match(await run.client.response(), /\r\nconnection: close\r\n/);
    run.dispatcher.advance(510);
    assert.equal(await run.client.untilClosed(), "");
    assert.equal(run.server.stat("downstream_cx_idle_timeout"), 1);
    assert.equal(run.server.stat("downstream_cx_destroy_local"), 1);
  });

  test("idle_timeout counts from the end of the last request", async () => {
    await using run = await bench({ idleTimeoutMs: 1000, drainTimeoutMs: 10 });
    for (let i = 0; i < 4; i += 1) {
      run.client.send(get("/direct/200"));
      await run.client.response();
      run.dispatcher.advance(900);
    }
    assert.equal(run.server.stat("downstream_cx_idle_timeout"), 0);
    run.dispatcher.advance(200);
    assert.equal(run.server.stat("downstream_cx_idle_timeout"), 1);
  });

  test("idle_timeout does not touch a connection with a stream", async () => {
    await using run = await bench({ idleTimeoutMs: 1000, drainTimeoutMs: 10 });
    run.client.send(get("/hold"));
    const filter = await run.answers.until(1);
    run.dispatcher.advance(5000);
    filter.answer("x");
    assert.doesNotMatch(await run.client.response(), /connection: close/);
    run.dispatcher.advance(900);
    assert.equal(run.server.stat("downstream_cx_idle_timeout"), 0);
    run.dispatcher.advance(200);
    assert.equal(run.server.stat("downstream_cx_idle_timeout"), 1);
  });

  test("max_connection_duration ends a busy connection after its exchange", async () => {
    await using run = await bench({ maxConnectionDurationMs: 1000, drainTimeoutMs: 100 });
    run.client.send(get("/hold"));
    const filter = await run.answers.until(1);
    run.dispatcher.advance(1500);
    assert.equal(run.server.stat("downstream_cx_max_duration_reached"), 1);
    filter.answer("x");
    assert.match(await run.client.untilClosed(), /\r\nconnection: close\r\n/);
  });

  test("delayed_close_timeout leaves the client time to read", async () => {
    await using run = await bench({ delayedCloseTimeoutMs: 1000 });
    run.client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    await run.client.response();
    run.dispatcher.advance(900);
    assert.equal(run.client.ended, false);
    run.dispatcher.advance(200);
    assert.equal(await run.client.untilClosed(), "");
    assert.equal(run.server.stat("downstream_cx_delayed_close_timeout"), 1);
  });
});

async function accepted(server: HcmServer): Promise<void> {
  while (server.connections.size === 0) await new Promise((resolve) => setImmediate(resolve));
}
