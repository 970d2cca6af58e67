import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { schema } from "../../../host/src/config/schema.ts";
import { readFile, readYaml, temporaryFolder } from "../../support/config-load.ts";

const cluster = "envoy.config.cluster.v3.Cluster";

/** The field of a cluster that is read from `field: text`. */
function field(name: string, text: string): unknown {
  const { message, problems } = readYaml(cluster, `{${text}}`);
  assert.deepEqual(problems, [], text);
  return message?.[name];
}

function problemsOf(text: string, typeName = cluster): readonly string[] {
  return readYaml(typeName, text).problems;
}

test("read() accepts integers however Envoy accepts them", () => {
  const texts = ["16", '"16"', "0x10", '"0x10"', "020", "16.0", "1.6e1", '"1.6e1"', "+16"];
  for (const text of texts) {
    const value = field(
      "perConnectionBufferLimitBytes",
      `per_connection_buffer_limit_bytes: ${text}`,
    );
    assert.equal(value, 16, text);
  }
  const wrapped = "per_connection_buffer_limit_bytes: {value: 16}";
  assert.equal(field("perConnectionBufferLimitBytes", wrapped), 16);
});

test("read() refuses what is no integer of the field's size", () => {
  for (const text of ["1.5", '""', '" 5"', "1_000", "1e400", "true", "abc", "[1]"]) {
    const problems = problemsOf(`{per_connection_buffer_limit_bytes: ${text}}`);
    assert.match(problems[0] ?? "", /expected a (whole )?number/, text);
  }
  assert.deepEqual(problemsOf("{per_connection_buffer_limit_bytes: -1}"), [
    "test.yaml:1:37: per_connection_buffer_limit_bytes: expected a number from 0 to 4294967295, found the number -1",
  ]);
  assert.match(problemsOf("{per_connection_buffer_limit_bytes: 4294967296}")[0]!, /found the text/);
  const largest = "per_connection_buffer_limit_bytes: 4294967295";
  assert.equal(field("perConnectionBufferLimitBytes", largest), 4294967295);
});

test("read() accepts booleans however Envoy accepts them", () => {
  for (const text of ["true", "yes", "On", "y", '"true"', '"tRue"', '"yes"', '"1"']) {
    assert.equal(field("respectDnsTtl", `respect_dns_ttl: ${text}`), true, text);
  }
  for (const text of ["1", '"On"', "2", '""']) {
    assert.match(problemsOf(`{respect_dns_ttl: ${text}}`)[0]!, /expected true or false/, text);
  }
});

test("read() wants text in quotes where YAML sees something else", () => {
  assert.equal(field("altStatName", "alt_stat_name: 1.5"), "1.5");
  assert.equal(field("altStatName", "alt_stat_name: 3000000000"), "3000000000");
  assert.deepEqual(problemsOf("name: 5\nalt_stat_name: yes\n"), [
    "test.yaml:1:7: name: expected text, found the number 5; put it in quotes",
    "test.yaml:2:16: alt_stat_name: expected text, found the boolean yes; put it in quotes",
  ]);
});

test("read() knows enum values in any letter case and by number", () => {
  for (const text of ["RING_HASH", "ring_hash", "Ring_Hash", "2", '"2"']) {
    assert.equal(field("lbPolicy", `lb_policy: ${text}`), 2, text);
  }
  assert.deepEqual(problemsOf("lb_policy: ring-hash"), [
    'test.yaml:1:12: lb_policy: unknown value "ring-hash" of LbPolicy; did you mean RING_HASH?',
  ]);
  assert.match(problemsOf("lb_policy: 77")[0]!, /77 is not a value of LbPolicy; the values are/);
});

test("read() knows fields by both of their names, but not twice", () => {
  assert.equal(field("altStatName", "altStatName: a"), "a");
  assert.deepEqual(problemsOf("{altStatName: a, alt_stat_name: b}"), [
    'test.yaml:1:33: alt_stat_name: "altStatName" and "alt_stat_name" are the same field',
  ]);
});

test("read() suggests the field that was meant", () => {
  assert.deepEqual(problemsOf("conect_timeout: 1s\nfoo: {bar: 1}\n"), [
    'test.yaml:1:1: unknown field "conect_timeout" of envoy.config.cluster.v3.Cluster; did you mean "connect_timeout"?',
    'test.yaml:2:1: unknown field "foo" of envoy.config.cluster.v3.Cluster',
  ]);
});

test("read() takes a single value for a list of one", () => {
  const route = "envoy.config.route.v3.VirtualHost";
  const { message, problems } = readYaml(route, "domains: x\nroutes: {name: r}\n");
  assert.deepEqual(problems, []);
  assert.deepEqual(message?.["domains"], ["x"]);
  assert.equal((message!["routes"] as { name: string }[])[0]?.name, "r");
});

test("read() leaves fields out that are empty, and refuses empty elements", () => {
  assert.equal(field("loadAssignment", "load_assignment: ~"), undefined);
  assert.deepEqual(problemsOf("health_checks:\n-\n"), [
    "test.yaml:2:2: health_checks[0]: the element is empty",
  ]);
});

test("read() reads durations as text, and as fields", () => {
  const cases: [string, [bigint, number]][] = [
    ["5s", [5n, 0]],
    ["0.25s", [0n, 250_000_000]],
    ["-1.5s", [-1n, -500_000_000]],
    ["0.123456789s", [0n, 123_456_789]],
    ["{seconds: 5, nanos: 7}", [5n, 7]],
  ];
  for (const [text, [seconds, nanos]] of cases) {
    const value = field("connectTimeout", `connect_timeout: ${text}`);
    const { seconds: s, nanos: n } = value as { seconds: bigint; nanos: number };
    assert.deepEqual([s, n], [seconds, nanos], text);
  }
});

test("read() says how to write a duration", () => {
  const mends: [string, string][] = [
    ["5", 'write "5s"'],
    ["250ms", 'write "0.25s"'],
    ["1.5m", 'write "90s"'],
    [".5s", 'write seconds: "5s" or "0.25s"'],
    ["1h30m", 'write seconds: "5s" or "0.25s"'],
    ["0.1234567891s", 'write "0.123456789s"'],
  ];
  for (const [text, mend] of mends) {
    assert.ok(problemsOf(`connect_timeout: ${text}`)[0]!.endsWith(mend), text);
  }
});

test("read() refuses two fields of one oneof", () => {
  const address = "envoy.config.core.v3.Address";
  assert.deepEqual(problemsOf("pipe: {path: a}\nsocket_address: {}\n", address), [
    'test.yaml:2:17: socket_address: "pipe" is set already, and only one of the two may be',
  ]);
});

test("read() keeps free JSON as it stands", () => {
  const text = "filter_metadata: {a: {n: 1, f: 1.5, t: yes, z: ~, l: [1, {}], __proto__: {x: 1}}}";
  const { message, problems } = readYaml("envoy.config.core.v3.Metadata", text);
  assert.deepEqual(problems, []);
  const struct = (message!["filterMetadata"] as { a: object }).a;
  assert.equal(
    JSON.stringify(struct),
    '{"n":1,"f":"1.5","t":true,"z":null,"l":[1,{}],"__proto__":{"x":1}}',
  );
});

test("read() reads base64 into bytes", () => {
  const { message } = readYaml("envoy.config.core.v3.DataSource", "inline_bytes: aGk=");
  const { value } = message!["specifier"] as { value: Uint8Array };
  assert.equal(Buffer.from(value).toString(), "hi");
  const source = "envoy.config.core.v3.DataSource";
  assert.match(problemsOf("inline_bytes: '%%'", source)[0]!, /expected text in base64/);
});

const typed = "envoy.config.core.v3.TypedExtensionConfig";

test("read() reads what is in an Any, with its places", () => {
  const text = (type: string): string =>
    `name: a\ntyped_config:\n  "@type": ${type}\n  path: /x\n  pth: 1\n`;
  const file = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  assert.deepEqual(problemsOf(text(file), typed), [
    'test.yaml:5:3: typed_config: unknown field "pth" of envoy.extensions.access_loggers.file.v3.FileAccessLog; did you mean "path"?',
  ]);
  assert.deepEqual(problemsOf(text(file.replace("type.", "my.host/x.")), typed).length, 1);
});

test("read() refuses an Any without a type URL", () => {
  assert.deepEqual(problemsOf("typed_config: {a: 1}", typed), [
    'test.yaml:1:15: typed_config: "@type" is missing: the type of the fields, type.googleapis.com/…',
  ]);
  assert.deepEqual(problemsOf('typed_config: {"@type": foo}', typed), [
    'test.yaml:1:25: typed_config.@type: "foo" is not a type URL: type.googleapis.com/ and a name',
  ]);
  assert.deepEqual(problemsOf("typed_config: {}", typed), []);
  assert.deepEqual(problemsOf('"@type": x', typed).length, 1);
});

for (const wrapper of ["xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"]) {
  test(`read() looks through ${wrapper}`, () => {
    const text = `
typed_config:
  "@type": type.googleapis.com/${wrapper}
  type_url: type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
  value:
    path: 5
`;
    assert.deepEqual(problemsOf(text, typed), [
      "test.yaml:6:11: typed_config.value.path: expected text, found the number 5; put it in quotes",
    ]);
  });
}

test("read() reads serialised messages, and places problems by path", (t) => {
  const file = path.join(temporaryFolder(t), "a.pb");
  const desc = schema().message("envoy.config.route.v3.VirtualHost");
  const message = create(desc, { name: "a", domains: [""] } as never);
  fs.writeFileSync(file, toBinary(desc, message));
  const { message: read, problems } = readFile("envoy.config.route.v3.VirtualHost", file, true);
  assert.equal(read?.["name"], "a");
  assert.deepEqual(problems, []);
  fs.writeFileSync(file, Buffer.from("not a message"));
  assert.deepEqual(readFile("envoy.config.route.v3.VirtualHost", file).problems, [
    `${file}: the bytes are not a message of type envoy.config.route.v3.VirtualHost`,
  ]);
});

test("read() of a file says what is wrong with the file", (t) => {
  const folder = temporaryFolder(t);
  const write = (name: string, content: string | Buffer): string => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, content);
    return file;
  };
  const problem = (file: string): string | undefined =>
    readFile(cluster, file).problems[0]?.replace(`${folder}/`, "");
  assert.equal(
    problem(path.join(folder, "none.yaml")),
    "none.yaml: cannot read the file: it does not exist",
  );
  assert.match(problem(folder)!, /: it is a directory$/);
  assert.equal(
    problem(write("a.pb_text", "")),
    "a.pb_text: .pb_text files are not supported; write the configuration as YAML, JSON or .pb",
  );
  for (const empty of ["", "# only a comment\n", "null", "---\n"]) {
    assert.equal(problem(write("e.yaml", empty)), "e.yaml: the configuration is empty");
  }
  for (const scalar of ["5", "- a"]) {
    const text = "s.yaml: the configuration is not a group of fields";
    assert.equal(problem(write("s.yaml", scalar)), text);
  }
  assert.equal(
    problem(write("u.yaml", Buffer.from([0x61, 0xff]))),
    "u.yaml: the text is not UTF-8",
  );
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("name: é", "utf16le")]);
  assert.equal(readFile(cluster, write("w.yaml", utf16)).message?.["name"], "é");
  const bom = write("b.yaml", "\ufeffname: a");
  assert.equal(readFile(cluster, bom).message?.["name"], "a");
});

test("read() refuses a file that is too large without reading it", (t) => {
  const file = path.join(temporaryFolder(t), "large.yaml");
  fs.closeSync(fs.openSync(file, "w"));
  fs.truncateSync(file, 64 * 1024 * 1024 + 1);
  assert.deepEqual(readFile(cluster, file).problems, [
    `${file}: it has 67108865 bytes; at most 67108864 (64 MiB) are read`,
  ]);
});
