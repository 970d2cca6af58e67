import { type Call, proto, type Scenario } from "./scenario.ts";

const call =
  (callback: Call["callback"]) =>
  (kind: Call["kind"], ...args: Call["args"]): Call => ({ callback, kind, args });

const configure = call("configure");
const request = call("request");
const log = call("log");

const setObject = (name: string, value: string, span = 0): Call =>
  request("foreign", "set_envoy_filter_state", proto({ 1: name, 2: value, 3: span }));

/** Objects that Envoy makes of text, with texts that are and are not any. */
const objects: readonly (readonly [name: string, texts: readonly string[]])[] = [
  ["envoy.string", ["text", ""]],
  ["envoy.hashable_string", ["text"]],
  ["envoy.bool", ["true", "1", "YES", "t", "0", "false", "No", "", "12", "text"]],
  ["envoy.network.ip", ["1.2.3.4", "::1", "1.2.3.4:80", "text"]],
  ["envoy.network.upstream_server_name", ["text"]],
  ["envoy.network.upstream_subject_alt_names", ["a,b"]],
  ["envoy.network.network_namespace", ["text"]],
  ["envoy.ratelimit.hits_addend", ["12", "-1", "4294967296", "1.5"]],
  ["envoy.tcp_proxy.cluster", ["text", ""]],
  ["envoy.tcp_proxy.disable_tunneling", ["true", "True", "1"]],
  ["envoy.tcp_proxy.per_connection_idle_timeout_ms", ["7", " 7 ", "-1", "text"]],
  ["envoy.upstream.dynamic_host", ["text", ""]],
  ["envoy.upstream.dynamic_port", ["0", "65535", "65536", "-1", "text"]],
  ["unknown.key", ["text"]],
];

/** Properties of modules, and objects of Envoy's, in the filter state. */
export const filterState: Scenario = {
  calls: [
    configure("foreign", "declare_property", proto({ 1: "ro", 2: 1 })),
    configure("foreign", "declare_property", proto({ 1: "ro", 2: 1 })),
    configure("foreign", "declare_property", proto({ 1: "text", 3: 1, 5: 2 })),
    configure("foreign", "declare_property", proto({ 1: "connection", 5: 2 })),
    configure("foreign", "declare_property", proto({ 1: "bad span", 5: 9 })),
    configure("foreign", "declare_property", proto({ 1: "bad type", 3: 9 })),
    configure("foreign", "declare_property", Buffer.of(0xff)),
    configure("set", "a", "1"),
    configure("foreign", "set_envoy_filter_state", proto({ 1: "envoy.string", 2: "x" })),
    request("set", "a", "1"),
    request("set", "a", "2"),
    request("get", "a"),
    request("get", "filter_state\0wasm.a"),
    request("get", "filter_state\0a"),
    request("set", "ro", "1"),
    request("set", "ro", "2"),
    request("get", "ro"),
    request("set", "text", "text"),
    request("get", "text"),
    request("set", "connection", "c1"),
    request("set", "connection", "c2"),
    request("get", "connection"),
    request("set", "a\0b", "ab"),
    request("get", "a\0b"),
    request("get", "filter_state\0wasm.a\0b"),
    request("get", "a\0"),
    request("set", "", "e"),
    request("get", ""),
    request("set", "bytes", Buffer.of(0x80, 0xff)),
    request("set", "empty", ""),
    request("get", "empty"),
    request("set", "request\0path", "x"),
    request("get", "request\0path"),
    ...objects.flatMap(([name, texts]) =>
      texts.flatMap((text) => [setObject(name, text), request("get", `filter_state\0${name}`)]),
    ),
    request("foreign", "set_envoy_filter_state", Buffer.of(0xff)),
    request("foreign", "set_envoy_filter_state", proto({})),
    request("foreign", "unknown_function", ""),
    request("foreign", "declare_property", proto({ 1: "late" })),
    call("response")("get", "a"),
    log("get", "a"),
    log("set", "logged", "yes"),
  ],
  operators: [
    "%FILTER_STATE(wasm.a:PLAIN)%",
    "%FILTER_STATE(wasm.a:TYPED)%",
    "%FILTER_STATE(wasm.text:PLAIN)%",
    "%FILTER_STATE(wasm.bytes:PLAIN)%",
    "%FILTER_STATE(wasm.bytes:TYPED)%",
    "%FILTER_STATE(wasm.connection:PLAIN)%",
    "%FILTER_STATE(wasm.connection:FIELD:x)%",
    "%FILTER_STATE(wasm.empty:PLAIN)%",
    "%FILTER_STATE(wasm.logged:PLAIN)%",
    "%FILTER_STATE(envoy.string:TYPED)%",
    "%FILTER_STATE(envoy.network.ip:PLAIN)%",
    "%FILTER_STATE(envoy.bool)%",
    "%FILTER_STATE(envoy.upstream.dynamic_port)%",
    "%FILTER_STATE(unknown.key)%",
  ],
  lua: `
function envoy_on_response(handle)
  local state = handle:streamInfo():filterState()
  handle:headers():add("x-a", tostring(state:get("wasm.a")))
  handle:headers():add("x-connection", tostring(state:get("wasm.connection")))
  handle:headers():add("x-string", tostring(state:get("envoy.string")))
  handle:headers():add("x-absent", tostring(state:get("wasm.absent")))
end`,
};

const texts: readonly string[] = [
  "request.path",
  "request.method == 'GET'",
  "request.headers['x-a']",
  "request.headers['absent']",
  "has(request.headers.absent)",
  "'x-a' in request.headers",
  "request.size",
  "connection.mtls",
  "1 + 1",
  "1u",
  "1.5",
  "true",
  "null",
  "'a' + 'b'",
  "[1,2]",
  "[[1],['a']]",
  "{'a': 1}",
  "{1: 'a'}",
  "request",
  "request.path.startsWith('/o')",
  "request.path.matches('^/o.*')",
  "request.path.matches('(a')",
  "request.path.contains('ne')",
  "request.path.endsWith('1')",
  "size(request.path)",
  "request.path.size()",
  "request.nothing",
  "nothing",
  "plugin_name",
  "metadata",
  "metadata.filter_metadata",
  "filter_state['wasm.a']",
  "filter_state['wasm.absent']",
  "'wasm.a' in filter_state",
  "has(filter_state.absent)",
  "xds.node.id",
  "xds.node.metadata",
  "xds.node.locality",
  "xds.cluster_name",
  "xds.route_name",
  "xds",
  "duration('1s')",
  "timestamp('2020-01-01T00:00:00Z')",
  "string(1)",
  "int('3')",
  "int('x')",
  "b'abc'",
  "'a' in ['a']",
  "request.headers.exists(h, h == 'x-a')",
  "[1,2].map(x, x+1)",
  "[1,2].all(x, x > 0)",
  "1/0",
  "1 +",
  "",
  "foo(1)",
  "1 + 'a'",
  "request.path + 1",
  "'A'.lowerAscii()",
  "'a,b'.split(',')",
  "'abc'.substring(1)",
  "response.code",
  "response.code == 200",
  "upstream.address",
  "upstream",
  "true && request.nothing == 1",
  "false && request.nothing == 1",
  "true || request.nothing == 1",
  "request.path == 1",
  "1 == 1.0",
  "-1",
  "18446744073709551615u",
  "type(1) == int",
  "request.time > timestamp('2020-01-01T00:00:00Z')",
  "request.time.getFullYear() > 2000",
  "request.query",
  "request.url_path",
  "request.useragent",
  "request.protocol",
  "'ü'",
  "request.headers['x-a'] == '1' ? 'yes' : 'no'",
  "wasm.a",
  "a",
  "request['path']",
  "connection.requested_server_name",
  "request.total_size",
  "dyn(1)",
  "[1,2][0]",
  "[1,2][5]",
  "{'a': 1}['b']",
  "{'a': 1}.a",
  "'a' < 'b'",
  "1 in [1,2]",
  "request.headers.map(k, k).size() > 0",
  "metadata.filter_metadata['x']",
  "size('ü')",
  "double(1)",
  "uint(1)",
  "bytes('a')",
  "duration('1.5s') + duration('1s')",
  "string(duration('1s'))",
  "optional.of(1)",
  "'%s'.format(['a'])",
  "'a'.replace('a','b')",
  "math.greatest(1,2)",
];

/** Expressions that give something else here. */
export const otherExpressions: ReadonlyMap<string, string> = new Map([
  // A library writes keys of maps as text.
  ["{1: 'a'}", "0 01000000010000000100000031006100"],
  // Patterns are looked at beforehand.
  ["request.path.matches('(a')", "create 2"],
  // Not part of the library.
  ["1 == 1.0", "10"],
  ["string(duration('1s'))", "10"],
]);

const wordOf = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** CEL in the callbacks of a request and of a response. */
export const expressions: Scenario = {
  calls: [
    configure("expr", "request.path"),
    configure("expr", "xds.node.id"),
    configure("expr", "1"),
    request("set", "a", "val"),
    ...texts.map((text) => request("expr", text)),
    ...texts.map((text) => call("response")("expr", text)),
    request("foreign", "expr_evaluate", Buffer.of(1)),
    request("foreign", "expr_evaluate", wordOf(9999)),
    request("foreign", "expr_delete", wordOf(9999)),
    request("foreign", "expr_delete", Buffer.of(1)),
  ],
};
