import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type DescMessage } from "@bufbuild/protobuf";
import { RuleChecker } from "../../../host/src/config/rules.ts";
import { schema } from "../../../host/src/config/schema.ts";
import { readYaml } from "../../support/config-load.ts";

/** The rules that the message itself breaks. */
function broken(typeName: string, text: string): string[] {
  const { message, problems } = readYaml(typeName, text);
  assert.deepEqual(problems, [], text);
  const found: string[] = [];
  const checker = new RuleChecker(schema());
  checker.check(message!, false, (field, words) => found.push(`${field}: ${words}`));
  return found;
}

function messagesOf(desc: DescMessage): DescMessage[] {
  return [desc, ...desc.nestedMessages.flatMap(messagesOf)];
}

test("check() knows every rule of every message that is built in", () => {
  const checker = new RuleChecker(schema());
  for (const file of schema().registry.files) {
    for (const desc of file.messages.flatMap(messagesOf)) {
      if (desc.typeName.startsWith("google.")) continue;
      // Throws for a rule that it does not know.
      checker.check(create(desc), false, () => undefined);
    }
  }
});

test("check() wants what is required", () => {
  const vhost = "envoy.config.route.v3.VirtualHost";
  assert.deepEqual(broken(vhost, "routes: []"), [
    'name: "name" must not be empty',
    'domains: "domains" must not be empty',
  ]);
  assert.deepEqual(broken("envoy.config.core.v3.Address", "{}"), [
    ": one of socket_address, pipe, envoy_internal_address is required",
  ]);
  assert.deepEqual(broken("envoy.config.core.v3.HeaderValueOption", "{}"), [
    'header: "header" is required',
  ]);
});

test("check() compares numbers and durations with their bounds", () => {
  const address = "envoy.config.core.v3.SocketAddress";
  assert.deepEqual(broken(address, "{address: a, port_value: 65536}"), [
    'port_value: "port_value" must be at most 65535',
  ]);
  const cluster = "envoy.config.cluster.v3.Cluster";
  assert.deepEqual(broken(cluster, "{name: a, connect_timeout: 0s}"), [
    'connect_timeout: "connect_timeout" must be more than 0s',
  ]);
  assert.deepEqual(broken(cluster, "{name: a, connect_timeout: -1s}"), [
    'connect_timeout: "connect_timeout" must be more than 0s',
    'connect_timeout: "connect_timeout" must not be negative',
  ]);
  const listener = "envoy.config.listener.v3.Listener";
  assert.deepEqual(broken(listener, "listener_filters_timeout: -1s"), [
    'listener_filters_timeout: "listener_filters_timeout" must not be negative',
  ]);
});

test("check() takes bounds in the wrong order for a gap", () => {
  const keepalive = "envoy.config.core.v3.QuicKeepAliveSettings";
  for (const good of ["0s", "0.001s", "60s"]) {
    assert.deepEqual(broken(keepalive, `initial_interval: ${good}`), [], good);
  }
  assert.deepEqual(broken(keepalive, "initial_interval: 0.0001s"), [
    'initial_interval: "initial_interval" must be at least 0.001s or at most 0s',
  ]);
});

test("check() looks at wrapped numbers only where they are set", () => {
  const type = "envoy.config.core.v3.HttpProtocolOptions";
  assert.deepEqual(broken(type, "{}"), []);
  assert.deepEqual(broken(type, "max_headers_count: 0"), [
    'max_headers_count: "max_headers_count" must be at least 1',
  ]);
});

test("check() knows header names and values", () => {
  const value = "envoy.config.core.v3.HeaderValue";
  assert.deepEqual(broken(value, 'key: ""'), ['key: "key" must not be empty']);
  assert.deepEqual(broken(value, 'key: "a b"'), []);
  assert.deepEqual(broken(value, 'key: "a\\nb"'), ['key: "key" must be a header name']);
  assert.deepEqual(broken(value, `{key: a, value: ${"x".repeat(16385)}}`), [
    'value: "value" must have at most 16384 bytes',
  ]);
});

test("check() looks at the elements of lists and the keys of maps", () => {
  const vhost = "envoy.config.route.v3.VirtualHost";
  const text = '{name: a, domains: [a, ""], request_headers_to_remove: [a, ""]}';
  assert.deepEqual(broken(vhost, text), [
    'request_headers_to_remove[1]: "request_headers_to_remove[1]" must not be empty',
  ]);
});

test("check() counts elements and finds doubled ones", () => {
  const flags = "envoy.config.accesslog.v3.ResponseFlagFilter";
  assert.deepEqual(broken(flags, "flags: [UH, XX]"), [
    'flags[1]: "flags[1]" must be one of "LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", ' +
      '"FI", "RL", "UAEX", "RLSE", "DC", "URX", "SI", "IH", "DPE", "UMSDR", "RFCF", "NFCF", "DT", "UPE", ' +
      '"NC", "OM", "DF", "DO", "DR", "UDO"',
  ]);
  const buckets = "envoy.config.metrics.v3.HistogramBucketSettings";
  assert.deepEqual(broken(buckets, "{match: {exact: a}, buckets: [1, 2, 1]}"), [
    'buckets[2]: "buckets[2]" stands twice in the list',
  ]);
});

test("check() leaves out what a damaged message lacks", () => {
  const { message } = readYaml("envoy.config.route.v3.VirtualHost", "{}");
  new RuleChecker(schema()).check(message!, true, assert.fail);
});
