import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assemblyScriptFile } from "../support/assemblyscript.ts";
import { runSuite } from "../support/suites.ts";

// What SDKs for AssemblyScript before this one got wrong, one by one.

const file = await assemblyScriptFile("test/fixtures/wasm/assembly/sdk-bugs.ts", {
  optimize: false,
});

async function passes(cases: string, more = ""): Promise<void> {
  const lines = await runSuite(`filters: [{ name: f, file: ${file} }]\n${more}cases:\n${cases}`);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("ok ")),
    [],
    lines.join("\n"),
  );
}

test("reading a metric changes nothing, and gauges and histograms keep apart", () =>
  passes(`
  - name: metrics
    request: { headers: { x-do: metrics } }
    expect:
      response: { body: 5 7 5 9 9 }
      metrics:
        wasmcustom.bugs.first: 5
        wasmcustom.bugs.second: 7
        wasmcustom.bugs.counter: 9
        wasmcustom.bugs.sizes: 1
        wasmcustom.bugs.times: 2
`));

test("what is absent is told by a status, not by a trap", () =>
  passes(`
  - name: absent
    request: { headers: { x-do: absent } }
    expect: { response: { body: true 1 1 1 } }
`));

test("texts of any length and content come through", () =>
  passes(`
  - name: long
    request: { headers: { x-do: long } }
    expect: { response: { body: "true true \u{1f600}\ufffdx" } }
`));

test("bodies can be changed on both ways", () =>
  passes(`
  - name: bodies
    request: { body: abc }
    upstream: { body: def }
    expect: { upstream: { body: "abc!" }, response: { body: "<ef>" } }
`));

test("calls out of answers reach the stream that asked, with its headers", () =>
  passes(`
  - name: nested
    servers: { one: { body: answer } }
    request: { path: /mine, headers: { x-do: nested, x-id: a } }
    expect:
      response: { body: "a /mine answer 200;" }
      calls: [{ server: one, path: /a }, { server: one, path: { bytes: 3001 } }]
`));

test("gRPC calls and streams reach the stream that asked, trailing metadata too", () =>
  passes(`
  - name: grpc
    servers:
      one:
        grpc:
          - when: { path: /a.B/Stream }
            messages: [m1, m2]
            status: 0
          - when: { path: /a.B/Call }
            messages: [c1]
            status: 0
    request: { path: /mine, headers: { x-do: grpc } }
    expect:
      response:
        body: { matches: "^(?=.*stream initial m1 m2 trailing 0 /mine;)(?=.*call c1;)" }
`));

/** A host that knows nothing but to log and to hand over `bytes`. */
class TinyHost {
  readonly log: string[] = [];
  readonly #instance: WebAssembly.Instance;

  constructor(module: WebAssembly.Module, bytes: string) {
    const env: Record<string, (...args: number[]) => number> = {};
    for (const { name } of WebAssembly.Module.imports(module)) env[name] = () => 1;
    env["proxy_log"] = (_level, at, size) => {
      this.log.push(Buffer.from(this.#memory().buffer, at, size).toString());
      return 0;
    };
    env["proxy_get_buffer_bytes"] = (_type, _start, _max, pointerOut, sizeOut) => {
      const at = this.call("malloc", bytes.length)!;
      const view = new DataView(this.#memory().buffer);
      Buffer.from(this.#memory().buffer).write(bytes, at);
      view.setUint32(pointerOut!, at, true);
      view.setUint32(sizeOut!, bytes.length, true);
      return 0;
    };
    this.#instance = new WebAssembly.Instance(module, { env });
  }

  call(name: string, ...args: readonly number[]): number | undefined {
    const exported = this.#instance.exports[name];
    assert.ok(typeof exported === "function", `${name} is not exported`);
    return exported(...args) as number | undefined;
  }

  #memory(): WebAssembly.Memory {
    return this.#instance.exports["memory"] as WebAssembly.Memory;
  }
}

test("a module needs no WASI, and what foreign functions promise arrives", () => {
  const module = new WebAssembly.Module(readFileSync(file));
  const modules = new Set(WebAssembly.Module.imports(module).map((each) => each.module));
  assert.deepEqual([...modules], ["env"]);
  const host = new TinyHost(module, "late");
  host.call("_initialize");
  host.call("proxy_on_context_create", 1, 0);
  host.call("proxy_on_foreign_function", 1, 42, 4);
  assert.deepEqual(host.log, ["foreign 42 late"]);
});
