import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { GrpcJsonTranscoder } from "../../../../../host/src/config/gen/envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder_pb.js";
import type {
  HttpFilterContext,
  PrepareContext,
} from "../../../../../host/src/contracts/extension.ts";
import {
  grpcJsonTranscoderFilter as factory,
  type TranscoderConfig,
} from "../../../../../host/src/extensions/http-filters/grpc_json_transcoder/config.ts";
import {
  descriptorSet,
  httpBody,
  message,
  messagesOf,
} from "../../../../golden/grpc/descriptors.ts";
import { messageOf, recordingParseContext } from "../../../../support/config-message.ts";
import { FilterHarness, requestHead } from "../../../../support/filter-harness.ts";

const typeName = "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder";

function parse(json: JsonObject): TranscoderConfig {
  const context = recordingParseContext();
  const given = {
    proto_descriptor_bin: descriptorSet.toString("base64"),
    services: ["golden.Library"],
    ...json,
  };
  const config = factory.parseConfig(
    messageOf<GrpcJsonTranscoder>(typeName, given) as never,
    context,
  );
  assert.deepEqual(context.problems, []);
  return config as TranscoderConfig;
}

async function harness(
  path: string,
  head: readonly (readonly [string, string])[] = [],
  json: JsonObject = {},
): Promise<FilterHarness> {
  const instances = await factory.createFilterFactory(parse(json), {} as HttpFilterContext);
  const requestHeaders = requestHead(...head);
  requestHeaders.set(":path", path);
  requestHeaders.set(":method", "POST");
  return new FilterHarness({ filters: ["json"], requestHeaders, instances: { json: instances } });
}

const framed = (bytes: string): string => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return prefix.toString("latin1") + bytes;
};

test("GrpcJsonTranscoderFilter sends a streamed HttpBody piece by piece", async () => {
  const stream = await harness("/manyfiles/n.txt", [["content-type", "text/plain"]]);
  stream.request(false).data("con").data("tent").data("", true);
  assert.equal(
    messagesOf("/golden.Library/PutFiles", Buffer.from(stream.terminal.body, "latin1")),
    '{"file":{"contentType":"text/plain","data":"Y29u"},"name":"n.txt"} {"file":{"data":"dGVudA=="}}',
  );
});

test("GrpcJsonTranscoderFilter sends elements of a stream as they are whole", async () => {
  const stream = await harness("/chat");
  stream.request(false).data('[{"id": 1}, {"ti');
  const sent = (): string | undefined =>
    messagesOf("/golden.Library/Chat", Buffer.from(stream.terminal.body, "latin1"));
  assert.equal(sent(), '{"id":"1"}');
  stream.data('tle": "b"}').data("]", true);
  assert.equal(sent(), '{"id":"1"} {"title":"b"}');
});

test("GrpcJsonTranscoderFilter passes messages of a stream on as they come", async () => {
  const stream = await harness("/chat");
  stream.request(false).data("[]", true);
  stream.respond(false, "200", ["content-type", "application/grpc"]);
  stream.respondData(framed(message("Book", { id: 1 })));
  assert.equal(stream.body, '[{"id":"1"}');
  stream
    .respondData(framed(message("Book", { title: "b" })))
    .respondTrailers([["grpc-status", "0"]]);
  assert.equal(stream.body, '[{"id":"1"},{"title":"b"}]');
});

test("GrpcJsonTranscoderFilter sends the head of streamed bodies with the first", async () => {
  const stream = await harness("/rawstream");
  stream.manager.requestHeaders!.set(":method", "GET");
  stream.request(true).respond(false, "200", ["content-type", "application/grpc"]);
  const body = framed(httpBody("a/b", "12"));
  stream.respondData(body.slice(0, 7));
  assert.equal(stream.status, "");
  stream.respondData(body.slice(7));
  assert.equal(stream.responseHeaders?.get("content-type"), "a/b");
  assert.equal(stream.body, "12");
});

test("GrpcJsonTranscoderFilter holds no element above max_request_body_size", async () => {
  const stream = await harness("/chat", [], { max_request_body_size: 100 });
  const element = JSON.stringify({ title: "x".repeat(60) });
  stream.request(false).data(`[${element},`).data(`${element},`).data('{"title": "');
  assert.equal(stream.status, "");
  stream.data("x".repeat(120));
  assert.equal(stream.status, "413");
});

test("GrpcJsonTranscoderFilter refuses JSON that is nested too deep", async () => {
  const stream = await harness("/shelves");
  const depth = 100_000;
  stream.request(false).data(`{"extra":${'{"a":'.repeat(depth)}1${"}".repeat(depth + 1)}`, true);
  assert.equal(stream.status, "400");
});

const prepared = async (json: JsonObject): Promise<string> => {
  const result = await factory.prepare!(parse(json), {} as PrepareContext);
  return result.ok ? "" : result.error;
};

test("prepare() says what is wrong with descriptors, services and rules", async () => {
  assert.equal(await prepared({}), "");
  assert.match(
    await prepared({ services: ["golden.None"] }),
    /Could not find 'golden.None' in the proto/,
  );
  assert.match(
    await prepared({ proto_descriptor_bin: Buffer.from("nonsense").toString("base64") }),
    /^the descriptor set cannot be used: .*--include_imports/,
  );
});

test("parseConfig() reports a descriptor file that cannot be read", () => {
  const context = recordingParseContext();
  const given = { proto_descriptor: "/nowhere/a.binpb" };
  factory.parseConfig(messageOf<GrpcJsonTranscoder>(typeName, given) as never, context);
  assert.match(context.problems.join(), /proto_descriptor.*cannot be read: ENOENT/);
});
