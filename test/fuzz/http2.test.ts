import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import type { RequestDecoder, ResponseEncoder } from "../../host/src/contracts/http/codec.ts";
import { Http2ClientConnection } from "../../host/src/http/codec/http2/client-connection.ts";
import { Http2ServerConnection } from "../../host/src/http/codec/http2/server-connection.ts";
import { createHttp2CodecStats } from "../../host/src/http/codec/http2/stats.ts";
import { ThreadStats } from "../../host/src/stats/thread-stats.ts";
import { clientStart, defaultHttp2Settings, fields, frame, getHead } from "../support/http2.ts";
import { MemoryConnection } from "../support/memory-connection.ts";
import { clusterOf, RouterServer } from "../support/router-server.ts";

const stats = createHttp2CodecStats(new ThreadStats(() => undefined).scope("http2"));

/** A server that answers each request at its end, and notes everything it is told. */
class Recorder {
  readonly connection = new MemoryConnection();
  readonly events: string[] = [];
  readonly codec: Http2ServerConnection;

  constructor() {
    const settings = {
      ...defaultHttp2Settings,
      streamErrorOnInvalidHttpMessage: true,
      allowMetadata: true,
    };
    this.codec = new Http2ServerConnection(this.connection, this, settings, stats);
  }

  newStream(encoder: ResponseEncoder): RequestDecoder {
    const id = this.events.length;
    const note = (what: string): unknown => this.events.push(`${id} ${what}`);
    let body = "";
    encoder.stream.addCallbacks({
      onResetStream: (reason) => note(`reset ${reason}`),
      onAboveWriteBufferHighWatermark: () => undefined,
      onBelowWriteBufferLowWatermark: () => undefined,
    });
    const answer = (): void => {
      note(`body ${body}`);
      encoder.encodeHeaders(headerMapOf([[":status", "200"]]), false);
      encoder.encodeData(OwnedBuffer.latin1(`got ${body}`), true);
    };
    return {
      decodeHeaders: (headers, endStream) => {
        note(textOf(headers));
        if (endStream) answer();
      },
      decodeData: (data, endStream) => {
        body += data.toBuffer().latin1Slice();
        data.drain(data.length);
        if (endStream) answer();
      },
      decodeTrailers: (trailers) => {
        note(`trailers ${textOf(trailers)}`);
        answer();
      },
      decodeMetadata: (metadata) => {
        note(`metadata ${JSON.stringify([...metadata])}`);
        encoder.encodeMetadata(metadata);
      },
      sendLocalReply: () => undefined,
    };
  }

  feed(bytes: Buffer): string {
    const error = this.codec.dispatch(OwnedBuffer.of(Buffer.from(bytes)));
    return error?.message ?? "";
  }
}

function textOf(headers: HeaderMap): string {
  let text = "";
  for (let i = 0; i < headers.size; i += 1) {
    text += `${headers.nameAt(i)}=${headers.valueAt(i)};`;
  }
  return text;
}

/** Feeds all of it, cut at these places; what the server saw and wrote. */
function play(bytes: Buffer, cuts: readonly number[]): { events: string[]; written: string } {
  const recorder = new Recorder();
  let at = 0;
  let failed = "";
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(cut, bytes.length);
    if (end <= at || failed !== "") continue;
    failed = recorder.feed(bytes.subarray(at, end));
    at = end;
  }
  if (failed === "" && at < bytes.length) failed = recorder.feed(bytes.subarray(at));
  return { events: [...recorder.events, failed], written: recorder.connection.takeWritten() };
}

const postHead = fields(
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "h"],
  [":path", "/p"],
);
const metadata = fields(["a", "1"], ["b", "2"]);
const conversation = Buffer.concat([
  clientStart,
  frame(1, 5, 1, getHead),
  frame(1, 4, 3, postHead),
  frame(0, 0, 3, Buffer.from("first ")),
  frame(0x4d, 0, 3, metadata.subarray(0, 7)),
  frame(0x4d, 4, 3, metadata.subarray(7)),
  frame(1, 1, 5, getHead.subarray(0, 10)),
  frame(9, 4, 5, getHead.subarray(10)),
  frame(0, 8, 3, Buffer.concat([Buffer.from([4]), Buffer.from("second"), Buffer.alloc(4)])),
  frame(6, 0, 0, Buffer.from("pingping")),
  frame(8, 0, 0, Buffer.from([0, 0, 4, 0])),
  frame(1, 5, 3, fields(["x-trailer", "t"])),
  frame(0x42, 0, 0, Buffer.from("unknown")),
  frame(1, 4, 7, postHead),
  frame(3, 0, 7, Buffer.from([0, 0, 0, 8])),
]);

describe("Http2ServerConnection", () => {
  test("sees the same in any pieces", () => {
    const whole = play(conversation, []);
    assert.equal(whole.events.filter((each) => each.includes("body")).length, 3);
    const cut = fc.integer({ min: 1, max: conversation.length });
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 40 }), (cuts) => {
        assert.deepEqual(play(conversation, cuts), whole);
      }),
      { numRuns: 200 },
    );
    assert.ok(whole.events.includes('2 metadata [["a","1"],["b","2"]]'));
    const everywhere = Array.from(conversation.keys());
    assert.deepEqual(play(conversation, everywhere), whole);
  });

  test("survives any change of bytes, in any pieces alike", () => {
    const change = fc.tuple(
      fc.integer({ min: 0, max: conversation.length - 1 }),
      fc.integer({ min: 0, max: 255 }),
    );
    const cut = fc.integer({ min: 1, max: conversation.length });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.array(cut, { maxLength: 10 }),
        (changes, cuts) => {
          const bytes = Buffer.from(conversation);
          for (const [at, value] of changes) bytes[at] = value;
          const whole = play(bytes, []);
          const pieces = play(bytes, cuts);
          assert.deepEqual(pieces.events.at(-1), whole.events.at(-1));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("survives any frames", () => {
    const any = fc.record({
      type: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constant(0x4d)),
      flags: fc.integer({ min: 0, max: 255 }),
      streamId: fc.constantFrom(0, 1, 2, 3, 5, 2 ** 31 - 1),
      payload: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (frames) => {
        const parts = frames.map((each) =>
          frame(each.type, each.flags, each.streamId, Buffer.from(each.payload)),
        );
        play(Buffer.concat([clientStart, ...parts]), []);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("Http2ClientConnection", () => {
  test("survives any frames", () => {
    const any = fc.record({
      type: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constant(0x4d)),
      flags: fc.integer({ min: 0, max: 255 }),
      streamId: fc.constantFrom(0, 1, 3, 2),
      payload: fc.uint8Array({ maxLength: 40 }),
    });
    const nothing = (): undefined => undefined;
    const callbacks = { onStreamDone: nothing, onGoAway: nothing, onPeerSettings: nothing };
    const decoder = {
      decode1xxHeaders: nothing,
      decodeHeaders: nothing,
      decodeData: (data: { drain(length: number): void; length: number }) =>
        data.drain(data.length),
      decodeTrailers: nothing,
      decodeMetadata: nothing,
    };
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (frames) => {
        const codec = new Http2ClientConnection(
          new MemoryConnection(),
          { ...defaultHttp2Settings, allowMetadata: true },
          stats,
          callbacks,
        );
        const encoder = codec.newStream(decoder);
        encoder.encodeHeaders(
          headerMapOf([
            [":method", "GET"],
            [":scheme", "http"],
            [":authority", "h"],
            [":path", "/"],
          ]),
          true,
        );
        const parts = frames.map((each) =>
          frame(each.type, each.flags, each.streamId, Buffer.from(each.payload)),
        );
        codec.dispatch(OwnedBuffer.of(Buffer.concat([frame(4, 0, 0), ...parts])));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("node:http2 on both sides", () => {
  test("gets through any fields and bodies as they were sent", async () => {
    const server = http2.createServer();
    server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      const own = Object.entries(headers).filter(([name]) => name.startsWith("x-any-"));
      stream.respond({ ":status": 200, ...Object.fromEntries(own) });
      stream.pipe(stream);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const port = (server.address() as AddressInfo).port;
    const front = await RouterServer.start({
      routes: [{ match: { prefix: "/" }, route: { cluster: "c" } }],
      clusters: [clusterOf("c", [port], { http2_protocol_options: {} })],
    });
    const session = http2.connect(`http://127.0.0.1:${front.server.port}`);
    const character = fc.integer({ min: 33, max: 126 }).map((c) => String.fromCharCode(c));
    const value = fc.string({ unit: character, minLength: 1, maxLength: 200 });
    const name = fc.integer({ min: 0, max: 30 }).map((n) => `x-any-${n}`);
    const message = fc.tuple(
      fc.dictionary(name, value, { maxKeys: 20 }),
      fc.uint8Array({ maxLength: 50_000 }),
    );
    await fc.assert(
      fc.asyncProperty(message, async ([sent, body]) => {
        const stream = session.request({ ":method": "POST", ":path": "/", ...sent });
        stream.end(body);
        const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
        for (const [key, expected] of Object.entries(sent)) assert.equal(headers[key], expected);
        const pieces: Buffer[] = [];
        for await (const piece of stream) pieces.push(piece as Buffer);
        assert.deepEqual(Buffer.concat(pieces), Buffer.from(body));
      }),
      { numRuns: 60 },
    );
    session.destroy();
    await front[Symbol.asyncDispose]();
    server.close();
    await once(server, "close");
  });
});
