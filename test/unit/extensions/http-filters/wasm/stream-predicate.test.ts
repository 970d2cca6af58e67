import assert from "node:assert/strict";
import { test } from "node:test";
import { PluginInstances } from "../../../../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { FilterHarness, requestHead } from "../../../../support/filter-harness.ts";
import { describedBy, guest, loggingCallbacks } from "../../../../support/wasm-guest.ts";
import { WasmHost } from "../../../../support/wasm.ts";

const streamCallbacks = [
  "proxy_on_context_create",
  "proxy_on_request_headers",
  "proxy_on_request_body",
  "proxy_on_response_headers",
  "proxy_on_response_body",
  "proxy_on_log",
  "proxy_on_done",
  "proxy_on_delete",
] as const;
const plain = await guest(loggingCallbacks(...streamCallbacks));

/** What the guest hears of a request with a body and its answer. */
async function heard(
  description: unknown,
  path = "/",
  ...headers: (readonly [string, string])[]
): Promise<string[]> {
  const host = new WasmHost();
  const plugin = await host.start(describedBy(JSON.stringify(description), plain));
  host.logger.take();
  const requestHeaders = requestHead(...headers);
  requestHeaders.set(":path", path);
  const instances = { W: new PluginInstances(plugin) };
  const stream = new FilterHarness({ filters: ["W"], instances, requestHeaders });
  stream.request(false).data("ask", true).respond(false);
  stream.respondData("told", true);
  stream.finish();
  assert.equal(stream.body, "told", "the stream goes on in any case");
  return host.logger.take().map((line) => line.replace(/^info wasm log.*: (\w+).*/, "$1"));
}

const all = streamCallbacks.length;

test("StreamPredicate lets the guest see what it has said matters", async () => {
  const paths = { predicate: { paths: ["/api/", "/v2/"] } };
  assert.equal((await heard(paths, "/v2/a?b")).length, all);
  assert.deepEqual(await heard(paths, "/other"), []);
  const header = { predicate: { header: "X-Key" } };
  assert.equal((await heard(header, "/", ["x-key", ""])).length, all);
  assert.deepEqual(await heard(header), []);
  const both = { predicate: { paths: ["/api/"], header: "x-key" } };
  assert.deepEqual(await heard(both, "/api/"), []);
  assert.equal((await heard(both, "/api/", ["x-key", "1"])).length, all);
  assert.equal((await heard({ name: "no predicate" })).length, all);
});

test("a module whose predicate leaves bodies out is not called for them", async () => {
  const bodies = streamCallbacks.filter((name) => name.endsWith("_body"));
  const lines = await heard({ predicate: { body: false } });
  assert.equal(lines.length, all - bodies.length);
  for (const name of bodies) assert.ok(!lines.includes(name));
});

for (const [content, problem] of [
  ["{", /custom section sluice\.filter: /],
  ["no json", /custom section sluice\.filter: /],
  ['{"predicate":1}', /\$\.predicate must be an object/],
  ['{"predicate":{"paths":[]}}', /\$\.predicate\.paths must be a list of prefixes/],
  ['{"predicate":{"header":1}}', /\$\.predicate\.header must be a name/],
  ['{"predicate":{"body":true}}', /\$\.predicate\.body can only be false/],
  ['{"predicate":{"method":"GET"}}', /\$\.predicate\.method is not known/],
] as const) {
  test(`a module that describes itself as ${content} is refused`, async () => {
    assert.match((await new WasmHost().prepare(describedBy(content, plain))) as string, problem);
  });
}

test("a refused configuration names the module as it names itself", async () => {
  const refusing = await guest(
    '(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))',
  );
  const code = describedBy('{"name":"limits\\n","version":"1.2.3"}', refusing);
  assert.match((await new WasmHost().prepare(code)) as string, /\(module limits\? 1\.2\.3\)$/);
});
