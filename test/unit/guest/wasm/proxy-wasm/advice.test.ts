import assert from "node:assert/strict";
import { test } from "node:test";
import { writePairs, pairsByteLength } from "@sluice/abi";
import { headerMapOf } from "../../../../../host/src/common/headers/header-map.ts";
import { GuestCalls } from "../../../../support/wasm-calls.ts";
import { guest } from "../../../../support/wasm-guest.ts";
import { WasmHost } from "../../../../support/wasm.ts";
import { wat } from "../../../../support/wat.ts";

// What is said to an author whose host call fails by a mistake in the filter.

const pairs = (...entries: [string, string][]): string => {
  const source = headerMapOf(entries);
  const bytes = Buffer.alloc(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes.toString("latin1");
};

/** The lines that a host call leaves in the log; the status is looked at elsewhere. */
async function said(body: (calls: GuestCalls) => void): Promise<string[]> {
  const calls = await GuestCalls.create();
  calls.host.logger.take();
  calls.inside(() => body(calls));
  return calls.host.logger.take();
}

const line = (call: string, text: string): string =>
  `warning wasm: plugin "plugin": ${call} in callback: ${text}`;

const complete: [string, string][] = [
  [":method", "GET"],
  [":path", "/"],
  [":authority", "a"],
];
const httpCall = (calls: GuestCalls, cluster: string, headers: [string, string][], timeout = 0) =>
  calls.call("proxy_http_call", cluster, pairs(...headers), "", "", timeout, 16);

test("proxy_http_call names the cluster that is missing, and the nearest", async () => {
  const lines = await said((calls) => {
    calls.host.clusters.names.add("auth");
    httpCall(calls, "auht", complete);
    httpCall(calls, "auht", complete);
    httpCall(calls, "http://auth", complete);
    httpCall(calls, "something", complete);
  });
  const call = "proxy_http_call";
  assert.deepEqual(lines, [
    line(call, 'there is no cluster "auht"; did you mean "auth"?'),
    line(
      call,
      'there is no cluster "http://auth"; a call goes to a configured cluster, not to an address',
    ),
    line(call, 'there is no cluster "something"'),
  ]);
});

test("proxy_http_call names the headers that are missing or wrong", async () => {
  const lines = await said((calls) => {
    httpCall(calls, "known", [
      [":method", "GET"],
      [":path", "/"],
      [":host", "a"],
    ]);
    httpCall(calls, "known", complete.slice(0, 2));
    httpCall(calls, "known", complete, -1);
    httpCall(calls, "known", [...complete, ["bad name", "x"]]);
  });
  const call = "proxy_http_call";
  assert.deepEqual(lines, [
    line(call, 'there is no ":host"; the host is in ":authority"'),
    line(
      call,
      'the headers of the request lack ":authority"; a call needs ":method", ":path" and ":authority"',
    ),
    line(call, "the timeout of 4294967295 ms is too long"),
    line(call, '"bad name" is not the name of a header'),
  ]);
});

test("an answer without trailers is no mistake where answers are read, and one elsewhere", async () => {
  const calls = await GuestCalls.create();
  const read = () => calls.get("proxy_get_header_map_value", 7, "x-checksum");
  assert.deepEqual(calls.inside(read, calls.context, "proxy_on_http_call_response"), [2]);
  assert.deepEqual(calls.host.logger.take(), []);
  calls.inside(read);
  assert.match(
    calls.host.logger.take().join(),
    /the trailers of a call's answer are not available/,
  );
});

test("header calls say when a map is there, and which names and values may stand in it", async () => {
  const lines = await said((calls) => {
    calls.call("proxy_replace_header_map_value", 0, "x", "1");
    calls.context.requestHeaders = headerMapOf(complete);
    calls.call("proxy_add_header_map_value", 0, ":host", "x");
    calls.call("proxy_add_header_map_value", 0, ":pth", "/");
    calls.call("proxy_add_header_map_value", 0, "x-a", "1\r\nx-b: 2");
    calls.get("proxy_get_header_map_value", 0, ":host");
    calls.call("proxy_add_header_map_value", 0, ":path", "no path");
  });
  assert.deepEqual(lines, [
    line(
      "proxy_replace_header_map_value",
      "the request headers are not available now: they are from proxy_on_request_headers until it lets them go on, and in proxy_on_log. Keep what is needed later, or pause there",
    ),
    line("proxy_add_header_map_value", 'there is no ":host"; the host is in ":authority"'),
    line("proxy_add_header_map_value", 'there is no pseudo header ":pth"; did you mean ":path"?'),
    line(
      "proxy_add_header_map_value",
      'the value of "x-a" is too long, or has characters that no header may have (line breaks, controls); encode it',
    ),
    line("proxy_get_header_map_value", 'there is no ":host"; the host is in ":authority"'),
    line("proxy_add_header_map_value", '":path: no path" cannot stand in this map'),
  ]);
});

test("proxy_get_property says how a path is written, and which is near", async () => {
  const lines = await said((calls) => {
    for (const path of [
      "request.path",
      "request\0pth",
      "reqest\0path",
      "node",
      "route_metadata",
      "request\0headers\0x",
      "mine",
      "plugin_nam",
    ]) {
      calls.get("proxy_get_property", path);
    }
  });
  const call = "proxy_get_property";
  assert.deepEqual(lines, [
    line(
      call,
      'the parts of a path are joined with zero bytes, not with dots: ["request", "path"]',
    ),
    line(call, 'there is no property ["request", "pth"]; did you mean ["request", "path"]?'),
    line(call, 'there is no property "reqest"; did you mean "request"?'),
    line(call, 'there is no property "node"; it is ["xds", "node"]'),
    line(call, 'there is no property "route_metadata"; it is ["xds", "route_metadata"]'),
    line(call, 'there is no property "plugin_nam"; did you mean "plugin_name"?'),
  ]);
});

test("other calls say what is wrong with their arguments", async () => {
  const lines = await said((calls) => {
    calls.call("proxy_set_buffer_bytes", 6, 0, 0, "x");
    calls.call("proxy_get_buffer_bytes", 7, 0, 9, 16, 20);
    calls.call("proxy_send_local_response", 99, "", "", "", -1);
    calls.call("proxy_call_foreign_function", "compres", "", 0, 0);
    calls.call("proxy_define_metric", 0, "counter", 16);
    calls.call("proxy_increment_metric", 4, 0n);
    const [, queue] = calls.getNumber("proxy_register_shared_queue", "q");
    // All of the memory, until the megabyte is full.
    const all = calls.vm.memory.bytes.length;
    for (let i = 0; i < 17; i += 1) calls.call("proxy_enqueue_shared_queue", queue!, 0, all);
  });
  assert.deepEqual(lines, [
    line("proxy_set_buffer_bytes", "buffer 6 cannot be changed now"),
    line(
      "proxy_get_buffer_bytes",
      "the configuration of the plugin is only there in proxy_on_configure; keep what is needed",
    ),
    line("proxy_send_local_response", "99 is no status of a response; use 200 to 599"),
    line(
      "proxy_call_foreign_function",
      'there is no foreign function "compres"; did you mean "compress"?',
    ),
    line("proxy_increment_metric", "a counter only goes up, by 1 or more, not by 0"),
    line(
      "proxy_enqueue_shared_queue",
      "there is no room in this queue, or in all queues; sluice.guests sets the limit: max_queue_bytes or max_queues_bytes",
    ),
  ]);
});

test("expr_create says what is no expression", async () => {
  const create = (calls: GuestCalls, text: string) =>
    calls.call("proxy_call_foreign_function", "expr_create", text, 0, 0);
  const lines = await said((calls) => {
    create(calls, "lower('A')");
    create(calls, "request.path.matches(request.query)");
    create(calls, "request.path.matches('(a+)\\\\1')");
    create(calls, "[1].all(a, [1].all(b, true))");
  });
  const start = "error wasm log plugin: expr_create: ";
  assert.equal(lines[0], `${start}there is no function lower, in: lower('A')`);
  assert.match(lines[1]!, /the pattern of matches\(\) must be a literal/);
  assert.match(lines[2]!, /the pattern of matches\(\) cannot be used/);
  assert.match(lines[3]!, /a loop stands in a loop/);
});

test("expr_evaluate ends when the CPU time of its callback is used up, and looks at no long text", async () => {
  const calls = await GuestCalls.create();
  const { filterState } = calls.actions.streamInfo;
  filterState.set("wasm.short", "x".repeat(65_536));
  filterState.set("wasm.long", "x".repeat(65_537));
  const foreign = "proxy_call_foreign_function";
  const evaluate = (text: string): number => {
    const [created, token] = calls.get(foreign, "expr_create", text);
    assert.equal(created, 0);
    return calls.get(foreign, "expr_evaluate", token!)[0];
  };
  calls.inside(() => {
    assert.equal(evaluate("filter_state['wasm.short'].endsWith('x')"), 0);
    assert.equal(evaluate("filter_state['wasm.long'].endsWith('x')"), 10);
    calls.vm.environment.budget.condemn();
    assert.equal(evaluate("filter_state['wasm.short'].endsWith('x')"), 10);
    assert.equal(evaluate("[1, 2].all(a, a > 0)"), 0, "looks nothing up");
  });
});

test("expr_evaluate matches a pattern in linear time", async () => {
  const calls = await GuestCalls.create();
  const foreign = "proxy_call_foreign_function";
  calls.inside(() => {
    const text = `'${"a".repeat(60)}!'.matches('^(a+)+$')`;
    const [created, token] = calls.get(foreign, "expr_create", text);
    assert.equal(created, 0);
    assert.deepEqual(calls.get(foreign, "expr_evaluate", token!), [0, "\0"]);
  });
});

test("a VM is told each thing once, and 64 things at most", async () => {
  const lines = await said((calls) => {
    for (let i = 0; i < 100; i += 1) {
      calls.call("proxy_call_foreign_function", `f${i}`, "", 0, 0);
    }
  });
  assert.equal(lines.length, 64);
});

test("a misspelt export or import is named when the module is loaded, with the nearest", async () => {
  const host = new WasmHost();
  await host.load(
    await guest(`
      (func (export "proxy_on_request_header") (param i32 i32 i32) (result i32) (i32.const 0))
      (func (export "sluice_on_acept") (param i32) (result i32) (i32.const 0))
      (func (export "envoy_on_stat_update") (param i32 i32))
      (func (export "proxy_onlog") (param i32))`),
  );
  assert.deepEqual(host.canaryLogger.take(), [
    'warning wasm: plugin "plugin": the export proxy_on_request_header is no callback and is never called (did you mean proxy_on_request_headers?)',
    'warning wasm: plugin "plugin": the export sluice_on_acept is no callback and is never called (did you mean sluice_on_accept?)',
    'warning wasm: plugin "plugin": the export envoy_on_stat_update is no callback and is never called (did you mean envoy_on_stats_update?)',
    'warning wasm: plugin "plugin": the export proxy_onlog is no callback and is never called (did you mean proxy_on_log?)',
  ]);
  const refused = await host.prepare(
    await wat(`(module
      (import "env" "proxy_get_proprty" (func (param i32 i32 i32 i32) (result i32)))
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 0)))`),
  );
  assert.equal(
    refused,
    "Unable to create Wasm plugin plugin: Failed to load Wasm module due to a missing import: env.proxy_get_proprty (did you mean proxy_get_property?)",
  );
});
