import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { GrpcJsonTranscoder } from "../../host/src/config/gen/envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder_pb.js";
import type { HttpFilterContext } from "../../host/src/contracts/extension.ts";
import {
  grpcJsonTranscoderFilter as factory,
  type TranscoderConfig,
} from "../../host/src/extensions/http-filters/grpc_json_transcoder/config.ts";
import { descriptorSet, message, messagesOf } from "../golden/grpc/descriptors.ts";
import { messageOf, recordingParseContext } from "../support/config-message.ts";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";

// Whatever clients and upstreams send, the transcoder answers, passes on or resets; it throws nothing.

const typeName = "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder";
const given = {
  proto_descriptor_bin: descriptorSet.toString("base64"),
  services: ["golden.Library"],
  auto_mapping: true,
  convert_grpc_status: true,
  capture_unknown_query_parameters: true,
};
const config = factory.parseConfig(
  messageOf<GrpcJsonTranscoder>(typeName, given) as never,
  recordingParseContext(),
) as TranscoderConfig;
const instances = await factory.createFilterFactory(config, {} as HttpFilterContext);

function harness(method: string, path: string): FilterHarness {
  const requestHeaders = requestHead();
  requestHeaders.set(":path", path);
  requestHeaders.set(":method", method);
  return new FilterHarness({ filters: ["json"], requestHeaders, instances: { json: instances } });
}

const runs = { numRuns: 200 };
const names = [
  "theme",
  "id",
  "tags",
  "counts",
  "firstBook",
  "any",
  "extra",
  "free",
  "mask",
  "built",
];
const keys = fc.oneof(fc.constantFrom(...names, "__proto__", "constructor", "@type"), fc.string());
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -1, 1e300, "", "NaN", "type.googleapis.com/golden.Book"),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
  ),
})).value;
const bodies = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  fc.array(json).map((values) => JSON.stringify(values)),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    '{"__proto__": {"theme": "x"}}',
    '{"counts": {"__proto__": 1}}',
    "[".repeat(5000),
  ),
);
const targets = fc.constantFrom(
  "/shelves",
  "/shelves/1",
  "/collect/x",
  "/chat",
  "/putraw",
  "/files/a",
);
const cuts = fc.integer({ min: 1, max: 40 });

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

test("GrpcJsonTranscoderFilter takes any body", () => {
  fc.assert(
    fc.property(targets, bodies, cuts, (path, body, cut) => {
      const stream = harness("POST", path).request(false);
      const text = latin1(body);
      for (let at = 0; at < text.length && !stream.ended; at += cut) {
        stream.data(text.slice(at, at + cut));
      }
      if (!stream.ended) stream.data("", true);
      assert.ok(["", "400"].includes(stream.status), stream.status);
      if (stream.status !== "" || path.startsWith("/shelves/")) return;
      const sent = Buffer.from(stream.terminal.body, "latin1");
      const target = stream.manager.requestHeaders!.get(":path")!;
      assert.notEqual(messagesOf(target, sent), undefined, "what is sent are messages");
    }),
    runs,
  );
  assert.equal(({} as { theme?: string }).theme, undefined);
});

test("GrpcJsonTranscoderFilter takes any path and query", () => {
  const part = fc.oneof(
    fc.constantFrom("shelves", "v2", "sub", "any", ":touch", "__proto__", "%2F", "%zz", "a.b=1"),
    fc.string({ unit: "grapheme-ascii" }),
  );
  const query = fc.oneof(
    fc.constantFrom("__proto__.x=1", "book.title=a", "book=1", "since=x", "extra.a=1", "any=1"),
    fc.string({ unit: "grapheme-ascii" }),
  );
  const methods = fc.constantFrom("GET", "POST", "DELETE", "PURGE", "");
  fc.assert(
    fc.property(methods, fc.array(part), fc.array(query), (method, parts, parameters) => {
      const stream = harness(method, `/${parts.join("/")}?${parameters.join("&")}`).request(true);
      assert.ok(["", "400"].includes(stream.status), stream.status);
    }),
    runs,
  );
});

test("GrpcJsonTranscoderFilter takes any response", () => {
  const answers = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => framed(Buffer.from(bytes))),
    fc.constant(framed(Buffer.from(message("Shelf", { theme: "x" }), "latin1"))),
  );
  const statuses = fc.oneof(fc.constantFrom("0", "5", "99", "", "x"), fc.string());
  const details = fc.oneof(fc.constant(undefined), fc.string());
  const ways = fc.constantFrom("/shelves/1", "/themes", "/raw/1", "/rawstream", "/first/1");
  fc.assert(
    fc.property(ways, fc.array(answers), statuses, details, (path, pieces, status, more) => {
      const stream = harness("GET", path).request(true);
      stream.respond(false, "200", ["content-type", "application/grpc"]);
      for (const piece of pieces) {
        if (!stream.ended && stream.reset === "" && stream.status !== "502") {
          stream.respondData(Buffer.from(piece).toString("latin1"));
        }
      }
      const trailers: [string, string][] = [["grpc-status", status]];
      if (more !== undefined) trailers.push(["grpc-status-details-bin", more]);
      if (!stream.ended && stream.reset === "") stream.respondTrailers(trailers);
      assert.ok(stream.ended || stream.reset !== "", "the stream has come to an end");
    }),
    runs,
  );
});

function framed(bytes: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}
