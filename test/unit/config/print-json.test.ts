import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { jsonText, messageToJson } from "../../../host/src/config/print-json.ts";
import { schema } from "../../../host/src/config/schema.ts";
import type { JsonValue } from "../../../host/src/contracts/stream-info.ts";
import { readFile, readYaml } from "../../support/config-load.ts";

const golden = fileURLToPath(new URL("../../golden/config-json/", import.meta.url));

/** The message of a YAML text, printed. */
function printed(typeName: string, text: string): JsonValue {
  const { message, problems } = readYaml(typeName, text);
  assert.deepEqual(problems, []);
  return messageToJson(schema(), message!);
}

/** Without the order of lines, which for map entries is chance in Envoy. */
const sortedLines = (text: string): string[] =>
  text
    .trim()
    .split("\n")
    .map((line) => line.replace(/,$/, ""))
    .sort();

test("messageToJson() prints a bootstrap as Envoy 1.40 does", () => {
  const typeName = "envoy.config.bootstrap.v3.Bootstrap";
  const { message, problems } = readFile(typeName, `${golden}bootstrap.yaml`);
  assert.deepEqual(problems, []);
  const ours = messageToJson(schema(), message!);
  const envoys = fs.readFileSync(`${golden}bootstrap.envoy-1.40.0.txt`, "utf8");
  const theirs = JSON.parse(envoys) as typeof ours;
  assert.deepEqual(ours, theirs);
  assert.deepEqual(Object.keys(ours), Object.keys(theirs));
  assert.deepEqual(sortedLines(jsonText(ours)), sortedLines(envoys));
});

test("messageToJson() orders fields by number", () => {
  const text = "{alt_stat_name: a, name: b, connect_timeout: 1s}";
  const json = printed("envoy.config.cluster.v3.Cluster", text);
  assert.deepEqual(Object.keys(json as object), ["name", "connect_timeout", "alt_stat_name"]);
});

test("messageToJson() prints what is in an Any", () => {
  const text = `
name: a
typed_config:
  "@type": type.googleapis.com/google.protobuf.Struct
  value: {x: [1]}
`;
  assert.deepEqual(printed("envoy.config.core.v3.TypedExtensionConfig", text), {
    name: "a",
    typed_config: { "@type": "type.googleapis.com/google.protobuf.Struct", value: { x: [1] } },
  });
});

test("messageToJson() shows no secrets", () => {
  const text = `
name: a
tls_certificate:
  certificate_chain: {inline_string: public}
  private_key: {inline_string: canary, watched_directory: {path: canary}}
  password: {inline_bytes: Y2FuYXJ5}
`;
  const json = printed("envoy.extensions.transport_sockets.tls.v3.Secret", text);
  assert.ok(!JSON.stringify(json).includes("canary"));
  assert.ok(!JSON.stringify(json).includes("Y2FuYXJ5"));
  assert.deepEqual(json, {
    name: "a",
    tls_certificate: {
      certificate_chain: { inline_string: "public" },
      private_key: {
        inline_string: "[redacted]",
        watched_directory: { path: "[redacted]" },
      },
      password: { inline_bytes: Buffer.from("[redacted]").toString("base64") },
    },
  });
});

test("messageToJson() shows no credentials that are added to requests", () => {
  const text = `
google_grpc: {target_uri: a, stat_prefix: b}
initial_metadata:
- {key: Authorization, value: Bearer canary}
- {key: x-api-key, raw_value: Y2FuYXJ5}
- {key: x-tenant, value: shown}
`;
  const json = printed("envoy.config.core.v3.GrpcService", text) as { initial_metadata: unknown };
  assert.deepEqual(json.initial_metadata, [
    { key: "Authorization", value: "[redacted]" },
    { key: "x-api-key", raw_value: Buffer.from("[redacted]").toString("base64") },
    { key: "x-tenant", value: "shown" },
  ]);
});
