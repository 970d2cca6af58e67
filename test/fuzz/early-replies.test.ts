import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type HttpFilterInstances,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../host/src/contracts/http/filter.ts";
import { ConnectionState } from "../../host/src/contracts/network/connection.ts";
import { Http1ServerConnection } from "../../host/src/http/codec/http1/server-connection.ts";
import { ConnectionManager } from "../../host/src/http/connection-manager/connection-manager.ts";
import { SharedState } from "../../host/src/http/connection-manager/connection-manager-options.ts";
import { ConnectionManagerStats } from "../../host/src/http/connection-manager/stats.ts";
import { FilterChain } from "../../host/src/http/filter-manager/filter-chain.ts";
import { ThreadStats } from "../../host/src/stats/thread-stats.ts";
import { routeWith } from "../support/filter-harness.ts";
import { defaultHcmConfig } from "../support/hcm-server.ts";
import { MemoryConnection } from "../support/memory-connection.ts";

// After any reply that comes before the request has ended, the connection says `connection: close` and is not used
// again: whatever follows could be the rest of a body that nobody reads.

interface Plan {
  readonly chunked: boolean;
  readonly chunks: readonly string[];
  /** The filter answers in its nth callback; more than there are: at the end. */
  readonly answerAt: number;
  readonly local: boolean;
  /** Sizes of the pieces in which the bytes arrive. */
  readonly pieces: readonly number[];
}

const plans = fc.record<Plan>({
  chunked: fc.boolean(),
  chunks: fc.array(fc.stringMatching(/^[a-zA-Z0-9 ]{1,20}$/), { maxLength: 4 }),
  answerAt: fc.nat(6),
  local: fc.boolean(),
  pieces: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }),
});

function bytesOf(plan: Plan): string {
  const body = plan.chunks.join("");
  const head = "POST /first HTTP/1.1\r\nHost: h\r\n";
  if (!plan.chunked) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const chunks = plan.chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`;
}

/** Answers when the plan says so; notes whether the request was complete then. */
class PlannedFilter implements StreamDecoderFilter {
  readonly #run: Run;
  #callbacks!: StreamDecoderFilterCallbacks;
  #calls = 0;
  #answered = false;

  constructor(run: Run) {
    this.#run = run;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#callbacks = callbacks;
  }
  decodeHeaders(_headers: unknown, endStream: boolean): FilterHeadersStatus {
    this.#step(endStream);
    return FilterHeadersStatus.StopIteration;
  }
  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    data.drain(data.length);
    this.#step(endStream);
    return FilterDataStatus.StopIterationNoBuffer;
  }
  decodeTrailers(): FilterTrailersStatus {
    this.#step(true);
    return FilterTrailersStatus.StopIteration;
  }
  onDestroy(): void {
    // Nothing is held.
  }

  #step(endStream: boolean): void {
    const { answerAt, local } = this.#run.plan;
    const due = this.#calls >= answerAt || endStream;
    this.#calls += 1;
    if (this.#answered || !due) return;
    this.#answered = true;
    this.#run.completeWhenAnswered.push(endStream);
    if (local) {
      this.#callbacks.sendLocalReply({ code: 403, body: "no", details: "test" });
      return;
    }
    const headers = headerMapOf([
      [":status", "403"],
      ["content-length", "2"],
    ]);
    this.#callbacks.encodeHeaders(headers, false, "via_upstream");
    this.#callbacks.encodeData(OwnedBuffer.latin1("no"), true);
  }
}

/** One connection through which the plan's request and then another one are sent. */
class Run {
  readonly plan: Plan;
  readonly completeWhenAnswered: boolean[] = [];
  readonly connection = new MemoryConnection();
  readonly #manager: ConnectionManager;

  constructor(plan: Plan) {
    this.plan = plan;
    const stats = new ThreadStats(() => undefined);
    const counters = {
      droppedHeadersWithUnderscores: stats.counter("a"),
      requestsRejectedWithUnderscoresInHeaders: stats.counter("b"),
      metadataNotSupportedError: stats.counter("d"),
      responseFlood: stats.counter("c"),
    };
    const instances: HttpFilterInstances = {
      createFilters: (callbacks) => callbacks.addStreamDecoderFilter(new PlannedFilter(this)),
    };
    const entry = { name: "planned", disabled: false, instances, provider: undefined };
    const shared = new SharedState({
      config: defaultHcmConfig,
      createCodec: (connection, _data, callbacks) =>
        new Http1ServerConnection(connection, callbacks, defaultHcmConfig.http1, counters),
      routeTable: { name: "", internalOnlyHeaders: [], route: () => routeWith({}) },
      filterChain: new FilterChain([entry]),
      accessLogs: [],
      stats: new ConnectionManagerStats(stats.scope("http.p"), stats.scope("listener.l.http.p")),
      dispatcher: this.connection.dispatcher,
      localInfo: {
        nodeId: "",
        clusterName: "",
        zone: "",
        nodeMetadata: {},
        address: "",
        version: "",
      },
    });
    this.#manager = new ConnectionManager(shared);
    const connection = this.connection;
    this.#manager.initializeReadFilterCallbacks({
      connection,
      upstreamHost: undefined,
      continueReading: () => undefined,
      injectReadDataToFilterChain: () => undefined,
    });
  }

  /** Everything that came back. */
  send(bytes: string): string {
    const unread = new OwnedBuffer();
    let at = 0;
    for (let i = 0; at < bytes.length; i += 1) {
      const size = this.plan.pieces[i % this.plan.pieces.length]!;
      unread.append(Buffer.from(bytes.slice(at, at + size), "latin1"));
      at += size;
      if (this.connection.state === ConnectionState.Open) this.#manager.onData(unread);
    }
    return this.connection.takeWritten();
  }
}

describe("early replies", () => {
  test("a reply before the end of the request is the last on its connection", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const run = new Run(plan);
        const text = run.send(`${bytesOf(plan)}GET /second HTTP/1.1\r\nHost: h\r\n\r\n`);
        const responses = text.split("HTTP/1.1 403 Forbidden\r\n").slice(1);
        const early = run.completeWhenAnswered[0] === false;
        assert.equal(responses.length, early ? 1 : 2, text);
        assert.equal(/\r\nconnection: close\r\n/.test(responses[0]!), early);
        assert.equal(run.connection.state === ConnectionState.Open, !early);
        for (const response of responses) assert.ok(response.endsWith("\r\n\r\nno"), response);
      }),
      { numRuns: 500 },
    );
  });
});
