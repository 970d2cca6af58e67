import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { create, fromBinary, toBinary, type Message } from "@bufbuild/protobuf";
import { schema } from "../../../host/src/config/schema.ts";
import type { DiscoveryRequest } from "../../../host/src/config/gen/envoy/service/discovery/v3/discovery_pb.ts";
import type { GrpcStream, GrpcStreamCallbacks } from "../../../host/src/grpc/grpc-stream.ts";
import { SotwStream, type SotwSubscriber } from "../../../host/src/xds/sotw-stream.ts";

const responseName = "envoy.service.discovery.v3.DiscoveryResponse";
const typeUrl = "type.googleapis.com/test.Type";

/** A server whose streams are seen from inside. */
class FakeServer {
  readonly requests: DiscoveryRequest[][] = [];
  readonly streams: GrpcStreamCallbacks[] = [];
  refusals = 0;

  readonly open = (callbacks: GrpcStreamCallbacks): GrpcStream | undefined => {
    if (this.refusals > 0) {
      this.refusals -= 1;
      callbacks.onClose(14, "no connection");
      return undefined;
    }
    const received: DiscoveryRequest[] = [];
    this.requests.push(received);
    this.streams.push(callbacks);
    const desc = schema().message("envoy.service.discovery.v3.DiscoveryRequest");
    return {
      send: (bytes: Uint8Array) =>
        void received.push(fromBinary(desc, bytes) as unknown as DiscoveryRequest),
      reset: () => undefined,
    } as unknown as GrpcStream;
  };

  respond(stream: number, version: string, nonce: string, url = typeUrl): void {
    const desc = schema().message(responseName);
    const response = create(desc);
    Object.assign(response, { versionInfo: version, nonce, typeUrl: url });
    this.streams[stream]!.onMessage(Buffer.from(toBinary(desc, response)));
  }
}

interface Harness {
  readonly server: FakeServer;
  readonly stream: SotwStream;
  readonly events: string[];
  /** What a response is answered with; undefined accepts. */
  refuse: (version: string) => string | undefined | Promise<string | undefined>;
}

function harness(
  t: TestContext,
  more: { readonly nodeOnFirstMessageOnly?: boolean } = {},
): Harness {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new FakeServer();
  const events: string[] = [];
  const subscriber: SotwSubscriber = {
    onResponse: async ({ versionInfo }) => own.refuse(versionInfo),
    onConnected: (connected) => events.push(connected ? "open" : "closed"),
    onStreamFailure: (status, text) => events.push(`${status} ${text}`),
    onOtherType: (url) => events.push(`other ${url}`),
  };
  const node: Message = create(schema().message("envoy.config.core.v3.Node"));
  Object.assign(node, { id: "me" });
  const stream = new SotwStream({
    open: server.open,
    typeUrl,
    names: ["a"],
    node,
    nodeOnFirstMessageOnly: false,
    // The longest wait that there may be.
    random: { uint32: () => 2 ** 32 - 1, uuid: () => "" },
    subscriber,
    ...more,
  });
  const own: Harness = { server, stream, events, refuse: () => undefined };
  t.after(() => stream.close());
  return own;
}

/** Lets promises settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("SotwStream asks for its names, and accepts with version and nonce", async (t) => {
  const { server, stream } = harness(t);
  stream.start();
  const [first] = server.requests[0]!;
  assert.equal(first!.versionInfo, "");
  assert.equal(first!.responseNonce, "");
  assert.equal(first!.typeUrl, typeUrl);
  assert.deepEqual(first!.resourceNames, ["a"]);
  assert.equal(first!.node?.id, "me");
  server.respond(0, "v1", "n1");
  await settled();
  const accepted = server.requests[0]![1]!;
  assert.equal(accepted.versionInfo, "v1");
  assert.equal(accepted.responseNonce, "n1");
  assert.equal(accepted.errorDetail, undefined);
  assert.equal(accepted.node?.id, "me");
});

test("SotwStream refuses with the last good version, and says why once", async (t) => {
  const own = harness(t);
  own.stream.start();
  own.server.respond(0, "v1", "n1");
  await settled();
  own.refuse = () => "it is bad";
  own.server.respond(0, "v2", "n2");
  await settled();
  const refused = own.server.requests[0]![2]!;
  assert.equal(refused.versionInfo, "v1");
  assert.equal(refused.responseNonce, "n2");
  assert.equal(refused.errorDetail?.code, 13);
  assert.equal(refused.errorDetail?.message, "it is bad");
  own.refuse = () => undefined;
  own.server.respond(0, "v3", "n3");
  await settled();
  const accepted = own.server.requests[0]![3]!;
  assert.equal(accepted.versionInfo, "v3");
  assert.equal(accepted.errorDetail, undefined);
});

test("SotwStream cuts a refusal off at 4096 bytes", async (t) => {
  const own = harness(t);
  own.stream.start();
  own.refuse = () => "é".repeat(3000);
  own.server.respond(0, "v1", "n1");
  await settled();
  const { message } = own.server.requests[0]![1]!.errorDetail!;
  assert.equal(message, `${"é".repeat(2048)}...(truncated)`);
});

test("SotwStream answers responses in their order, one for each", async (t) => {
  const own = harness(t);
  const gate = Promise.withResolvers<undefined>();
  own.refuse = (version) => (version === "v1" ? gate.promise : undefined);
  own.stream.start();
  own.server.respond(0, "v1", "n1");
  own.server.respond(0, "v2", "n2");
  await settled();
  assert.equal(own.server.requests[0]!.length, 1);
  gate.resolve(undefined);
  await settled();
  const nonces = own.server.requests[0]!.map(({ responseNonce }) => responseNonce);
  assert.deepEqual(nonces, ["", "n1", "n2"]);
});

test("SotwStream opens another stream: versions survive, nonces and pending answers do not", async (t) => {
  const own = harness(t);
  own.stream.start();
  own.server.respond(0, "v1", "n1");
  await settled();
  const gate = Promise.withResolvers<undefined>();
  own.refuse = () => gate.promise;
  own.server.respond(0, "v2", "n2");
  own.server.streams[0]!.onClose(14, "gone");
  assert.deepEqual(own.events, ["open", "closed", "14 gone"]);
  t.mock.timers.tick(500);
  const [first] = own.server.requests[1]!;
  assert.equal(first!.versionInfo, "v1");
  assert.equal(first!.responseNonce, "");
  assert.equal(first!.node?.id, "me");
  gate.resolve(undefined);
  await settled();
  assert.equal(own.server.requests[1]!.length, 1);
});

test("SotwStream waits longer after each failure, and begins anew after a response", async (t) => {
  const { server, stream, events } = harness(t);
  server.refusals = 3;
  stream.start();
  const attempts = (): number => events.filter((event) => event.startsWith("14")).length;
  const random = 2 ** 32 - 1;
  const waits = [500, 1000, 2000].map((bound) => random % bound);
  for (const [index, wait] of waits.entries()) {
    assert.equal(attempts(), index + 1);
    t.mock.timers.tick(wait - 1);
    assert.equal(attempts(), index + 1);
    t.mock.timers.tick(1);
  }
  assert.equal(server.streams.length, 1);
  server.respond(0, "v1", "n1");
  await settled();
  server.streams[0]!.onClose(14, "gone");
  t.mock.timers.tick(random % 500);
  assert.equal(server.streams.length, 2);
});

test("SotwStream ignores responses of other types", async (t) => {
  const { server, stream, events } = harness(t);
  stream.start();
  server.respond(0, "v1", "n1", "type.googleapis.com/other.Type");
  await settled();
  assert.equal(server.requests[0]!.length, 1);
  assert.deepEqual(events, ["open", "other type.googleapis.com/other.Type"]);
});

test("SotwStream takes bytes that are no response for the end of the stream", (t) => {
  const { server, stream, events } = harness(t);
  stream.start();
  server.streams[0]!.onMessage(Buffer.from([0xff, 0xff]));
  assert.match(events.at(-1)!, /^13 the bytes are not a message of type/);
});

test("SotwStream sends its node once for each stream when it is told to", async (t) => {
  const { server, stream } = harness(t, { nodeOnFirstMessageOnly: true });
  stream.start();
  server.respond(0, "v1", "n1");
  await settled();
  assert.equal(server.requests[0]![1]!.node, undefined);
  server.streams[0]!.onClose(14, "gone");
  t.mock.timers.tick(500);
  assert.equal(server.requests[1]![0]!.node?.id, "me");
});
