import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
  StreamDecoderFilter,
  StreamDecoderFilterCallbacks,
  StreamEncoderFilter,
  StreamEncoderFilterCallbacks,
  StreamFilter,
} from "../../host/src/contracts/http/filter.ts";
import { FilterHarness, requestHead, type HarnessOptions } from "../support/filter-harness.ts";

/**
 * What any HTTP filter must do, whatever it is written in: contracts/http/filter.ts seen from outside. A filter
 * stands between two that record, and gets every shape of message, every kind of end, and several streams at once.
 */
export interface HttpFilterSubject {
  readonly name: string;
  /** The filters of one configuration; called once. */
  create(): HttpFilterInstances | Promise<HttpFilterInstances>;
  /** Names of headers that the filter adds or changes itself; everything else must pass as it is. */
  readonly ownHeaders?: readonly string[];
  /** Lets work that the filter put off happen; absent for filters that do everything at once. */
  readonly settle?: (harness: FilterHarness) => void;
}

/** Body chunks, and whether trailers follow; without both the headers end the message. */
const shapes = [
  { name: "headers only", chunks: [], trailers: false },
  { name: "one chunk", chunks: ["hello"], trailers: false },
  { name: "many chunks", chunks: ["a", "bc", "", "def"], trailers: false },
  { name: "an empty last chunk", chunks: ["abc", ""], trailers: false },
  { name: "chunks and trailers", chunks: ["ab", "c"], trailers: true },
  { name: "trailers only", chunks: [], trailers: true },
];
type Shape = (typeof shapes)[number];

const allBytes = Buffer.from(Array.from({ length: 256 }, (_each, i) => i)).toString("latin1");
const oddHeaders: readonly (readonly [string, string])[] = [
  ["x-empty", ""],
  ["x-bytes", "\x80\xff caf\xe9"],
  ["x-twice", "1"],
  ["x-twice", "2"],
  ["cookie", "a=b"],
  ["cookie", "c=d"],
];

/** Registers the tests. */
export function testHttpFilter(subject: HttpFilterSubject): void {
  describe(`http filter compliance: ${subject.name}`, () => {
    let suite: Suite;
    before(async () => {
      suite = new Suite(subject, await subject.create());
    });
    for (const shape of shapes) {
      test(`a request of ${shape.name} passes whole`, () => suite.requestPasses(shape));
      test(`a response of ${shape.name} passes whole`, () => suite.responsePasses(shape));
    }
    test("bytes and header values pass unchanged, whatever they are", () => suite.bytesPass());
    test("streams do not mix", () => suite.streamsDoNotMix());
    test("a response that begins before the request has ended passes", () => suite.earlyResponse());
    test("local replies pass, also to requests that were never seen", () => suite.localReplies());
    test("1xx responses pass", () => suite.interim());
    test("a stream may end at any point, and is silent afterwards", () => suite.endsAnywhere());
    test("onDestroy() is called once, and after it nothing is", () => suite.destroyedOnce());
    test("a body that does not fit is refused, not kept", () => suite.limitHolds());
  });
}

class Suite {
  readonly #subject: HttpFilterSubject;
  readonly #instances: HttpFilterInstances;

  constructor(subject: HttpFilterSubject, instances: HttpFilterInstances) {
    this.#subject = subject;
    this.#instances = instances;
  }

  requestPasses(shape: Shape): void {
    const harness = this.#start();
    this.#request(harness, shape);
    assert.equal(seen(harness, "After", "decode"), expected(shape));
    harness.respond(true);
    this.#settle(harness);
    assert.equal(harness.ended, true);
  }

  responsePasses(shape: Shape): void {
    const harness = this.#start();
    harness.request(true);
    this.#settle(harness);
    this.#respond(harness, shape);
    assert.equal(seen(harness, "Before", "encode"), expected(shape));
    assert.equal(harness.status, "200");
    assert.equal(harness.body, shape.chunks.join(""));
    assert.equal(harness.ended, true);
    if (shape.trailers) assert.equal(harness.trailers?.get("x-trailer"), "1");
  }

  bytesPass(): void {
    const sent = requestHead(...oddHeaders);
    const harness = this.#start({ requestHeaders: sent.clone() });
    harness.request(false);
    harness.data(allBytes).data(allBytes, true);
    this.#settle(harness);
    this.#sameHeaders(harness.manager.requestHeaders!, sent);
    assert.equal(harness.terminal.body, allBytes + allBytes);
    harness.respond(false, "200", ...oddHeaders);
    harness.respondData(allBytes, true);
    this.#settle(harness);
    this.#sameHeaders(harness.responseHeaders!, headerMapOf([[":status", "200"], ...oddHeaders]));
    assert.equal(harness.body, allBytes);
  }

  streamsDoNotMix(): void {
    const streams = ["one", "two", "three"].map((name) => {
      const harness = this.#start({ requestHeaders: requestHead(["x-stream", name]) });
      return { name, harness };
    });
    const each = (act: (harness: FilterHarness, name: string) => void): void => {
      for (const { harness, name } of streams) {
        act(harness, name);
        this.#settle(harness);
      }
    };
    each((harness) => harness.request(false));
    each((harness, name) => harness.data(name));
    each((harness) => harness.data("!", true));
    each((harness, name) => harness.respond(false, "200", ["x-stream", name]));
    each((harness, name) => harness.respondData(name, true));
    each((harness, name) => {
      assert.equal(harness.terminal.body, `${name}!`);
      assert.equal(harness.body, name);
      assert.equal(harness.responseHeaders?.get("x-stream"), name);
    });
  }

  earlyResponse(): void {
    const harness = this.#start();
    harness.request(false).data("part");
    this.#settle(harness);
    harness.respond(false).respondData("answer", true);
    this.#settle(harness);
    assert.equal(harness.status, "200");
    assert.equal(harness.body, "answer");
    // What the client still sends falls on deaf ears.
    harness.data("rest", true);
    this.#settle(harness);
  }

  localReplies(): void {
    const reply = { code: 503, body: "no upstream", details: "test" };
    const answered = this.#start();
    answered.request(true);
    this.#settle(answered);
    answered.terminal.decoder.sendLocalReply(reply);
    this.#settle(answered);
    assert.equal(answered.status, "503");
    assert.equal(answered.body, "no upstream");
    // A request that is refused early is shown to no decoder filter, its answer to all encoder filters.
    const refused = this.#start();
    refused.manager.sendLocalReply(reply);
    this.#settle(refused);
    assert.equal(refused.status, "503");
    assert.equal(refused.body, "no upstream");
    assert.equal(refused.ended, true);
  }

  interim(): void {
    const harness = this.#start({ proxy100Continue: true });
    harness.request(false);
    this.#settle(harness);
    harness.terminal.decoder.encode1xxHeaders(headerMapOf([[":status", "103"]]));
    this.#settle(harness);
    assert.deepEqual(harness.take(">1xx"), [">1xx(103)"]);
    harness.data("", true);
    this.#settle(harness);
    harness.respond(true);
    this.#settle(harness);
    assert.equal(harness.ended, true);
  }

  endsAnywhere(): void {
    const steps: readonly ((harness: FilterHarness) => void)[] = [
      (harness) => harness.request(false),
      (harness) => harness.data("one"),
      (harness) => harness.data("two"),
      (harness) => harness.requestTrailers([["x-trailer", "1"]]),
      (harness) => harness.respond(false),
      (harness) => harness.respondData("three"),
      (harness) => harness.respondTrailers([["x-trailer", "1"]]),
    ];
    for (let end = 0; end <= steps.length; end += 1) {
      for (const reset of [false, true]) {
        const harness = this.#start();
        for (const step of steps.slice(0, end)) step(harness);
        if (reset) harness.manager.resetStream("local reset", "");
        else if (!harness.ended) harness.finish();
        harness.take();
        for (const step of steps.slice(end)) step(harness);
        this.#settle(harness);
        assert.deepEqual(harness.take("code(", ">"), [], `after ${end} steps`);
      }
    }
  }

  destroyedOnce(): void {
    for (const end of [false, true]) {
      const watched = watch(this.#instances);
      const harness = new FilterHarness({
        filters: ["Before", "Subject", "After"],
        instances: { Subject: watched.instances },
      });
      harness.request(true);
      this.#settle(harness);
      if (end) harness.respond(true);
      else harness.manager.resetStream("remote reset", "");
      this.#settle(harness);
      harness.finish();
      harness.manager.callHighWatermarkCallbacks();
      assert.ok(watched.filters > 0, "the subject makes a filter for each stream");
      assert.equal(watched.destroyed, watched.filters);
      assert.deepEqual(watched.late, []);
    }
  }

  limitHolds(): void {
    const harness = this.#start({ bufferLimit: 1000 });
    harness.request(false);
    for (let i = 0; i < 20 && !harness.ended; i += 1) harness.data("x".repeat(100));
    if (!harness.ended) harness.data("", true);
    this.#settle(harness);
    // Either it streams, or the stream ends with 413; it does not keep more than the limit.
    if (harness.ended) assert.equal(harness.status, "413");
    else assert.equal(harness.terminal.body.length, 2000);
  }

  #start(options: HarnessOptions = {}): FilterHarness {
    return new FilterHarness({
      filters: ["Before", "Subject", "After"],
      instances: { Subject: this.#instances },
      ...options,
    });
  }

  #settle(harness: FilterHarness): void {
    this.#subject.settle?.(harness);
  }

  #request(harness: FilterHarness, shape: Shape): void {
    const { chunks, trailers } = shape;
    harness.request(chunks.length === 0 && !trailers);
    chunks.forEach((chunk, i) => {
      this.#settle(harness);
      harness.data(chunk, !trailers && i === chunks.length - 1);
    });
    if (trailers) harness.requestTrailers([["x-trailer", "1"]]);
    this.#settle(harness);
  }

  #respond(harness: FilterHarness, shape: Shape): void {
    const { chunks, trailers } = shape;
    harness.respond(chunks.length === 0 && !trailers);
    chunks.forEach((chunk, i) => {
      this.#settle(harness);
      harness.respondData(chunk, !trailers && i === chunks.length - 1);
    });
    if (trailers) harness.respondTrailers([["x-trailer", "1"]]);
    this.#settle(harness);
  }

  #sameHeaders(actual: HeaderMap, wanted: HeaderMap): void {
    const own = new Set(this.#subject.ownHeaders);
    const list = (headers: HeaderMap): string[] => {
      const lines: string[] = [];
      for (let i = 0; i < headers.size; i += 1) {
        const name = headers.nameAt(i);
        if (!own.has(name)) lines.push(`${name}: ${headers.valueAt(i)}`);
      }
      return lines;
    };
    assert.deepEqual(list(actual), list(wanted));
  }
}

function expected(shape: Shape): string {
  return `H${shape.chunks.join("")}${shape.trailers ? "T" : ""}.`;
}

/** The message that a recording filter was shown: `H`, body bytes, `T`, `.` for the end; each once, in order. */
function seen(harness: FilterHarness, filter: string, direction: "decode" | "encode"): string {
  let text = "";
  for (const entry of harness.journal) {
    const match = /^(\w+)\.(decode|encode)(Headers|Data|Trailers)\((.*)\)$/s.exec(entry);
    if (match === null || match[1] !== filter || match[2] !== direction) continue;
    const args = match[4]!;
    if (match[3] === "Headers") text += "H";
    if (match[3] === "Trailers") text += "T.";
    if (match[3] === "Data") text += args.replace(/,end$/, "");
    if (/(^|,)end$/.test(args)) text += ".";
  }
  return text;
}

interface Watched {
  readonly instances: HttpFilterInstances;
  filters: number;
  destroyed: number;
  /** Callbacks of the manager that were used, and methods of the filter that were called, after `onDestroy`. */
  readonly late: string[];
}

/** Counts filters and their ends, and notes what happens after them. */
function watch(instances: HttpFilterInstances): Watched {
  const watched: Watched = {
    filters: 0,
    destroyed: 0,
    late: [],
    instances: {
      createFilters: (callbacks) => {
        const guarded = (filter: object): object => {
          watched.filters += 1;
          return guard(filter, watched);
        };
        const inner: FilterChainFactoryCallbacks = {
          dispatcher: callbacks.dispatcher,
          addStreamDecoderFilter: (filter) =>
            callbacks.addStreamDecoderFilter(guarded(filter) as StreamDecoderFilter),
          addStreamEncoderFilter: (filter) =>
            callbacks.addStreamEncoderFilter(guarded(filter) as StreamEncoderFilter),
          addStreamFilter: (filter) => callbacks.addStreamFilter(guarded(filter) as StreamFilter),
          addAccessLogHandler: (handler) => callbacks.addAccessLogHandler(handler),
        };
        instances.createFilters(inner);
      },
    },
  };
  return watched;
}

function guard(filter: object, watched: Watched): object {
  let destroyed = false;
  const watchCallbacks = <T extends object>(callbacks: T): T =>
    proxied(callbacks, (name) => {
      if (destroyed) watched.late.push(`callback ${name}`);
    });
  return proxied(
    filter,
    (name) => {
      if (destroyed) watched.late.push(`filter ${name}`);
      if (name === "onDestroy") {
        destroyed = true;
        watched.destroyed += 1;
      }
    },
    (name, args) => {
      if (name === "setDecoderFilterCallbacks") {
        return [watchCallbacks(args[0] as StreamDecoderFilterCallbacks)];
      }
      if (name === "setEncoderFilterCallbacks") {
        return [watchCallbacks(args[0] as StreamEncoderFilterCallbacks)];
      }
      return args;
    },
  );
}

/** Calls `onCall` before each method call. */
function proxied<T extends object>(
  target: T,
  onCall: (name: string) => void,
  change: (name: string, args: unknown[]) => unknown[] = (_name, args) => args,
): T {
  return new Proxy(target, {
    get(inner, key) {
      const value: unknown = Reflect.get(inner, key, inner);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        onCall(String(key));
        return (value as (...given: unknown[]) => unknown).apply(inner, change(String(key), args));
      };
    },
  });
}
