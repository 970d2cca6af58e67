import assert from "node:assert/strict";
import { test } from "node:test";
import { FilterStatus } from "../../host/src/contracts/network/filter.ts";
import type {
  ListenerFilter,
  ListenerFilterBuffer,
  ListenerFilterCallbacks,
} from "../../host/src/contracts/network/listener-filter.ts";
import { closed, readBytes, readToEnd } from "../support/connection-pair.ts";
import {
  chain,
  directResponse,
  echo,
  httpInspector,
  ListenerHarness,
  listenerConfig,
  listenerFilter,
} from "../support/listener-harness.ts";
import { SimulatedDispatcher } from "../support/simulated-dispatcher.ts";

/** Does what the test says. */
class ScriptedListenerFilter implements ListenerFilter {
  maxReadBytes = 0;
  callbacks!: ListenerFilterCallbacks;
  readonly seen: string[] = [];
  closes = 0;
  accept: () => FilterStatus = () => FilterStatus.Continue;
  data: (buffer: ListenerFilterBuffer) => FilterStatus = () => FilterStatus.Continue;

  onAccept(callbacks: ListenerFilterCallbacks): FilterStatus {
    this.callbacks = callbacks;
    return this.accept();
  }

  onData(buffer: ListenerFilterBuffer): FilterStatus {
    this.seen.push(buffer.bytes.toString("latin1"));
    return this.data(buffer);
  }

  onClose(): void {
    this.closes += 1;
  }
}

const { Continue, StopIteration } = FilterStatus;

function scripted(script: (filter: ScriptedListenerFilter) => void) {
  const made: ScriptedListenerFilter[] = [];
  const config = listenerFilter(() => {
    const filter = new ScriptedListenerFilter();
    script(filter);
    made.push(filter);
    return filter;
  });
  return { made, config };
}

test("listener filters look at bytes that the connection still sees", async () => {
  using harness = new ListenerHarness();
  const peeking = scripted((filter) => {
    filter.maxReadBytes = 64;
    filter.accept = () => StopIteration;
    filter.data = (buffer) => (buffer.bytes.length < 5 ? StopIteration : Continue);
  });
  await harness.put(listenerConfig("l", [chain([echo()])], { listenerFilters: [peeking.config] }));
  const client = await harness.connect("l");
  for (const [index, letter] of ["h", "e", "l", "l"].entries()) {
    client.write(letter);
    await harness.until(() => (peeking.made[0]?.seen.length ?? 0) > index);
  }
  assert.equal(harness.gauge("listener.l.downstream_pre_cx_active"), 1);
  assert.equal(harness.counter("listener.l.downstream_cx_total"), 0);
  client.write("o world");
  assert.equal(await readBytes(client, 11), "hello world");
  assert.deepEqual(peeking.made[0]!.seen, ["h", "he", "hel", "hell", "hello world"]);
  assert.equal(harness.gauge("listener.l.downstream_pre_cx_active"), 0);
  assert.equal(harness.counter("listener.l.downstream_cx_total"), 1);
  assert.equal(peeking.made[0]!.closes, 0);
});

test("listener filters may consume what they looked at, and the next filter sees the rest", async () => {
  using harness = new ListenerHarness();
  const consuming = scripted((filter) => {
    filter.maxReadBytes = 64;
    filter.accept = () => StopIteration;
    filter.data = (buffer) => {
      const end = buffer.bytes.indexOf(10);
      if (end < 0) return StopIteration;
      buffer.drain(end + 1);
      return Continue;
    };
  });
  const second = scripted((filter) => {
    filter.maxReadBytes = 64;
    filter.accept = () => StopIteration;
  });
  await harness.put(
    listenerConfig("l", [chain([echo()])], { listenerFilters: [consuming.config, second.config] }),
  );
  const client = await harness.connect("l");
  client.write("header\nbody");
  assert.equal(await readBytes(client, 4), "body");
  assert.deepEqual(second.made[0]!.seen, ["body"]);
});

test("listener filters are shown no more than they asked for, and may ask for more", async () => {
  using harness = new ListenerHarness();
  const growing = scripted((filter) => {
    filter.maxReadBytes = 2;
    filter.accept = () => StopIteration;
    filter.data = (buffer) => {
      if (buffer.bytes.length < filter.maxReadBytes) return StopIteration;
      if (filter.maxReadBytes === 8) return Continue;
      filter.maxReadBytes *= 2;
      return StopIteration;
    };
  });
  await harness.put(listenerConfig("l", [chain([echo()])], { listenerFilters: [growing.config] }));
  const client = await harness.connect("l");
  client.write("0123456789");
  assert.equal(await readBytes(client, 10), "0123456789");
  assert.deepEqual(growing.made[0]!.seen, ["01", "0123", "01234567"]);
});

test("listener filters may go on later without data", async () => {
  using harness = new ListenerHarness();
  const waiting = scripted((filter) => {
    filter.accept = () => StopIteration;
  });
  const next = scripted(() => undefined);
  await harness.put(
    listenerConfig("l", [chain([echo()])], { listenerFilters: [waiting.config, next.config] }),
  );
  const client = await harness.connect("l");
  client.write("early");
  await harness.until(() => waiting.made.length === 1);
  assert.equal(next.made.length, 1, "filters are made at once");
  assert.equal(next.made[0]!.callbacks, undefined, "and run one after the other");
  waiting.made[0]!.callbacks.continueFilterChain(true);
  assert.equal(await readBytes(client, 5), "early");
});

test("a listener filter may close the socket", async () => {
  using harness = new ListenerHarness();
  const refusing = scripted((filter) => {
    filter.maxReadBytes = 10;
    filter.accept = () => StopIteration;
    filter.data = () => {
      filter.callbacks.continueFilterChain(false);
      return StopIteration;
    };
  });
  await harness.put(listenerConfig("l", [chain([echo()])], { listenerFilters: [refusing.config] }));
  const client = await harness.connect("l");
  client.write("x");
  await closed(client);
  assert.equal(harness.counter("listener.l.downstream_cx_total"), 0);
  assert.equal(harness.gauge("listener.l.downstream_pre_cx_active"), 0);
  assert.equal(refusing.made[0]!.closes, 1);
  assert.equal((await harness.untilLogged(1))[0]!.type, "NotSet");
});

test("FIN and RST during listener filters are counted and close the socket", async () => {
  using harness = new ListenerHarness();
  const peeking = scripted((filter) => {
    filter.maxReadBytes = 10;
    filter.accept = () => StopIteration;
    filter.data = () => StopIteration;
  });
  await harness.put(listenerConfig("l", [chain([echo()])], { listenerFilters: [peeking.config] }));
  const finished = await harness.connect("l");
  finished.end("abc");
  await closed(finished);
  assert.equal(harness.counter("listener.l.downstream_listener_filter_remote_close"), 1);
  const reset = await harness.connect("l");
  reset.write("abc");
  await harness.until(() => peeking.made[1]?.seen.length === 1);
  reset.resetAndDestroy();
  await harness.until(() => harness.counter("listener.l.downstream_listener_filter_error") === 1);
  assert.deepEqual(
    peeking.made.map(({ closes }) => closes),
    [1, 1],
  );
  assert.equal(harness.handler.active, 0);
});

test("listener_filters_timeout closes the socket", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher });
  await harness.put(
    listenerConfig("l", [chain([echo()])], {
      listenerFilters: [httpInspector()],
      listenerFiltersTimeoutMs: 1000,
    }),
  );
  const client = await harness.connect("l");
  client.write("GET / HT");
  await harness.until(() => harness.gauge("listener.l.downstream_pre_cx_active") === 1);
  dispatcher.advance(990);
  assert.equal(harness.handler.active, 1);
  dispatcher.advance(20);
  assert.equal(harness.handler.active, 0);
  await closed(client);
  assert.equal(harness.counter("listener.l.downstream_pre_cx_timeout"), 1);
});

test("continue_on_listener_filters_timeout makes the connection with what is known", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher });
  await harness.put(
    listenerConfig("l", [chain([echo()], { transportProtocol: "raw_buffer" })], {
      listenerFilters: [httpInspector()],
      listenerFiltersTimeoutMs: 1000,
      continueOnListenerFiltersTimeout: true,
    }),
  );
  const client = await harness.connect("l");
  client.write("GET / HT");
  await harness.until(() => harness.gauge("listener.l.downstream_pre_cx_active") === 1);
  dispatcher.advance(1010);
  assert.equal(await readBytes(client, 8), "GET / HT");
  assert.equal(harness.counter("listener.l.downstream_pre_cx_timeout"), 1);
  client.write("TP/1.1");
  assert.equal(await readBytes(client, 6), "TP/1.1");
});

test("filter_disabled skips a filter for some destinations", async () => {
  using harness = new ListenerHarness();
  const blocking = scripted((filter) => {
    filter.accept = () => StopIteration;
  });
  const disabled = {
    kind: "and",
    rules: [
      { kind: "or", rules: [{ kind: "destination_port", start: 1, end: 65_536 }] },
      { kind: "not", rule: { kind: "destination_port", start: 0, end: 1 } },
      { kind: "any" },
    ],
  } as const;
  await harness.put(
    listenerConfig("l", [chain([echo()])], {
      listenerFilters: [{ ...blocking.config, disabled }],
    }),
  );
  const client = await harness.connect("l");
  client.write("straight through");
  assert.equal(await readBytes(client, 16), "straight through");
  assert.equal(blocking.made.length, 0);
});

test("a FIN that arrives while a filter waits for something else reaches the connection", async () => {
  using harness = new ListenerHarness();
  const peeking = scripted((filter) => {
    filter.maxReadBytes = 64;
    filter.accept = () => StopIteration;
    filter.data = () => Continue;
  });
  const waiting = scripted((filter) => {
    filter.accept = () => StopIteration;
  });
  await harness.put(
    listenerConfig("l", [chain([echo()])], { listenerFilters: [peeking.config, waiting.config] }),
  );
  const client = await harness.connect("l");
  client.end("all");
  await harness.until(() => waiting.made[0]?.callbacks !== undefined);
  waiting.made[0]!.callbacks.continueFilterChain(true);
  assert.equal(await readToEnd(client), "all");
});

const http = (protocols: string[], answer: string) =>
  chain([directResponse(answer)], { applicationProtocols: protocols }, answer);

test("http_inspector tells HTTP/1.0, HTTP/1.1, HTTP/2 and others apart", async () => {
  using harness = new ListenerHarness();
  const chains = [
    http(["http/1.0"], "ten"),
    http(["http/1.1"], "eleven"),
    http(["h2c"], "two"),
    http([], "other"),
  ];
  await harness.put(listenerConfig("l", chains, { listenerFilters: [httpInspector()] }));
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const cases: [string[], string][] = [
    [["GET / HTTP/1.0\r\n"], "ten"],
    [["GET / HTTP/1.1\r\n"], "eleven"],
    [["GET / HTTP/1.1\n"], "eleven"],
    [["FROB http://a/ HTTP/1.1\r\n"], "eleven"],
    [["CONNECT a:80 HTTP/1.1\r\n"], "eleven"],
    [["GET /\r\n"], "ten"],
    [["\r\nGET / HTTP/1.1\r\n"], "other"],
    [["GET HTTP/1.1\r\n"], "other"],
    [["GET / HTTQ/1.1\r\n"], "other"],
    [["\x16\x03\x01"], "other"],
    [[preface], "two"],
    [preface.match(/[^]/g)!, "two"],
    [["PRI * HTTP/2.0\r\n\r\nSX"], "ten"],
    [["G", "ET / HTT", "P/1.1", "\r", "\n"], "eleven"],
    [[`GET /${"a".repeat(60_000)} HTTP/1.1\r\n`], "eleven"],
  ];
  for (const [pieces, expected] of cases) {
    const client = await harness.connect("l");
    const answer = readToEnd(client);
    for (const piece of pieces) {
      client.write(piece);
      if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await answer, expected, JSON.stringify(pieces).slice(0, 60));
    client.destroy();
  }
  assert.equal(harness.counter("http_inspector.http2_found"), 2);
  assert.equal(harness.counter("http_inspector.http11_found"), 6);
  assert.equal(harness.counter("http_inspector.http10_found"), 3);
  assert.equal(harness.counter("http_inspector.http_not_found"), 4);
});

test("http_inspector closes a socket whose first line is longer than 64 KiB", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([echo()])], { listenerFilters: [httpInspector()] }));
  const client = await harness.connect("l");
  client.write(`GET /${"a".repeat(65_536 - 5)}`);
  await closed(client);
  assert.equal(harness.counter("http_inspector.read_error"), 1);
  assert.equal(harness.counter("listener.l.downstream_cx_total"), 0);
});
