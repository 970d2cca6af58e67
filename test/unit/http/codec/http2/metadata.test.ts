import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import type {
  Http2Settings,
  ResponseEncoder,
} from "../../../../../host/src/contracts/http/codec.ts";
import { Http2ServerConnection } from "../../../../../host/src/http/codec/http2/server-connection.ts";
import { createHttp2CodecStats } from "../../../../../host/src/http/codec/http2/stats.ts";
import { ConnectionState } from "../../../../../host/src/contracts/network/connection.ts";
import { ThreadStats } from "../../../../../host/src/stats/thread-stats.ts";
import { clientStart, defaultHttp2Settings, fields, frame } from "../../../../support/http2.ts";
import { metadataText } from "../../../../support/filter-harness.ts";
import { MemoryConnection } from "../../../../support/memory-connection.ts";

const stats = createHttp2CodecStats(new ThreadStats(() => undefined).scope("http2"));
const head = fields([":method", "POST"], [":scheme", "http"], [":authority", "h"], [":path", "/"]);
const begin = (streamId: number): Buffer => frame(1, 4, streamId, head);
const metadata = (streamId: number, name: string, value: string): Buffer =>
  frame(0x4d, 4, streamId, fields([name, value]));

/** A server with a journal of what its streams are told. */
class Server {
  readonly connection = new MemoryConnection();
  readonly journal: string[] = [];
  readonly encoders: ResponseEncoder[] = [];
  readonly codec: Http2ServerConnection;

  constructor(more: Partial<Http2Settings> = {}) {
    const settings = { ...defaultHttp2Settings, allowMetadata: true, ...more };
    const callbacks = {
      newStream: (encoder: ResponseEncoder) => {
        this.encoders.push(encoder);
        return {
          decodeHeaders: () => this.journal.push("headers"),
          decodeData: (data: OwnedBuffer, end: boolean) => {
            this.journal.push(`data ${data.toBuffer().latin1Slice()}${end ? " end" : ""}`);
            data.drain(data.length);
          },
          decodeTrailers: () => this.journal.push("trailers"),
          decodeMetadata: (map: Map<string, string>) =>
            this.journal.push(`metadata ${metadataText(map)}`),
          sendLocalReply: () => undefined,
        };
      },
    };
    this.codec = new Http2ServerConnection(this.connection, callbacks as never, settings, stats);
    this.receive(clientStart);
  }

  /** Gives the error that ends the connection. */
  receive(...parts: readonly Buffer[]): string {
    return this.codec.dispatch(OwnedBuffer.of(Buffer.concat(parts)))?.details ?? "";
  }
}

test("metadata behind data that nobody reads yet keeps its place", () => {
  const server = new Server();
  server.receive(begin(1), metadata(1, "a", "1"));
  server.encoders[0]!.stream.readDisable(true);
  server.receive(
    metadata(1, "a", "2"),
    frame(0, 0, 1, Buffer.from("one")),
    metadata(1, "a", "3"),
    frame(0, 0, 1, Buffer.from("two")),
    metadata(1, "a", "4"),
    frame(1, 5, 1, fields(["x-t", "1"])),
  );
  assert.deepEqual(server.journal.splice(0), ["headers", "metadata a=1", "metadata a=2"]);
  server.encoders[0]!.stream.readDisable(false);
  server.connection.dispatcher.runPosted();
  assert.deepEqual(server.journal, [
    "data one",
    "metadata a=3",
    "data two",
    "metadata a=4",
    "trailers",
  ]);
});

test("metadata goes on only as far as reading stays enabled", () => {
  const server = new Server();
  server.receive(begin(1));
  const { stream } = server.encoders[0]!;
  stream.readDisable(true);
  server.receive(
    frame(0, 0, 1, Buffer.from("one")),
    metadata(1, "a", "1"),
    frame(0, 1, 1, Buffer.from("two")),
  );
  const journal = server.journal.splice(0);
  const push = server.journal.push.bind(server.journal);
  server.journal.push = (...entries) => {
    stream.readDisable(true);
    return push(...entries);
  };
  const steps: string[][] = [];
  for (let i = 0; i < 3; i += 1) {
    stream.readDisable(false);
    server.connection.dispatcher.runPosted();
    steps.push(server.journal.splice(0));
  }
  assert.deepEqual(
    [journal, ...steps],
    [["headers"], ["data one"], ["metadata a=1"], ["data two end"]],
  );
});

test("METADATA of a stream is limited in all, at max_metadata_size exactly", () => {
  const block = fields(["a", "b"]);
  const server = new Server({ maxMetadataBytes: 2 * block.length });
  const one = frame(0x4d, 4, 1, block);
  assert.equal(server.receive(begin(1), one, one), "");
  assert.equal(server.receive(frame(0x4d, 0, 1)), "");
  assert.equal(server.receive(frame(0x4d, 0, 1, Buffer.alloc(1))), "http2.protocol_violation");
});

test("METADATA of all open streams is limited, and ended streams do not count", () => {
  const large = metadata(1, "a", "x".repeat(900)).length;
  const server = new Server({ initialConnectionWindowSize: 3 * large });
  const send = (streamId: number): string =>
    server.receive(begin(streamId), metadata(streamId, "a", "x".repeat(900)));
  const reset = (streamId: number): string =>
    server.receive(frame(3, 0, streamId, Buffer.from([0, 0, 0, 8])));
  for (let i = 0; i < 20; i += 1) {
    assert.equal(send(2 * i + 1), "");
    assert.equal(reset(2 * i + 1), "");
  }
  assert.equal(send(101), "");
  assert.equal(send(103), "");
  assert.equal(send(105), "http2.metadata_flood");
});

test("a peer that does not read the METADATA that it is sent loses its connection", () => {
  const server = new Server({ maxOutboundFrames: 100 });
  server.receive(begin(1));
  for (let i = 0; i < 200; i += 1) {
    server.encoders[0]!.encodeMetadata(new Map([["a", String(i)]]));
  }
  server.connection.dispatcher.runPosted();
  assert.equal(server.receive(begin(3)), "http2.outbound_frames_flood");
  assert.equal(server.connection.state, ConnectionState.Closed);
});
