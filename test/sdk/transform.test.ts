import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compileFilter, formatProblem } from "../../sample-filters/build.js";
import { assemblyScript } from "../support/assemblyscript.ts";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";
import { pluginSettings, WasmHost, wasmInstances } from "../support/wasm.ts";

const root = path.resolve(import.meta.dirname, "../..");
const described = await assemblyScript("test/fixtures/wasm/described/assembly/index.ts");
const always = [
  "_initialize",
  "malloc",
  "memory",
  "proxy_abi_version_0_2_1",
  "proxy_on_context_create",
  "proxy_on_delete",
];

const exportsOf = (code: Uint8Array<ArrayBuffer>): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(code))
    .map(({ name }) => name)
    .sort();

test("the transform exports what is overridden and nothing else", () => {
  const own = ["proxy_on_configure", "proxy_on_request_headers"];
  assert.deepEqual(exportsOf(described), [...always, ...own].sort());
});

test("the transform lets modules import host calls only: they abort by themselves", () => {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(described));
  assert.deepEqual(imports.map(({ module, name }) => `${module}.${name}`).sort(), [
    "env.proxy_get_buffer_bytes",
    "env.proxy_log",
    "env.proxy_replace_header_map_value",
  ]);
});

test("the transform embeds what the filter is", () => {
  const module = new WebAssembly.Module(described);
  const [section] = WebAssembly.Module.customSections(module, "sluice.filter");
  const rule = {
    type: "object",
    properties: {
      name: { type: "string" },
      weight: { type: "number" },
      burst: { type: "integer", minimum: 0, maximum: 255 },
    },
    required: ["burst"],
    additionalProperties: false,
  };
  assert.deepEqual(JSON.parse(Buffer.from(section!).toString()), {
    name: "described",
    version: "1.2.3",
    capabilities: ["proxy_get_buffer_bytes", "proxy_log", "proxy_replace_header_map_value"],
    configSchema: {
      type: "object",
      properties: {
        enabled: { type: "boolean" },
        hosts: { type: "array", items: { type: "string" } },
        shares: { type: "array", items: { type: "number" } },
        main: rule,
        rules: { type: "array", items: rule },
      },
      additionalProperties: false,
    },
    predicate: { paths: ["/api/"], header: "x-key", body: false },
  });
});

test("the transform writes readers of configurations", async () => {
  const host = new WasmHost();
  const configuration = `{"enabled": false, "hosts": ["a", "b"], "shares": [1.5],
    "main": {"name": "m", "burst": 1}, "rules": [{"name": "r", "weight": 2, "burst": 255}]}`;
  const handle = await host.load(described, pluginSettings({ configuration }));
  const requestHeaders = requestHead(["x-key", "1"]);
  requestHeaders.set(":path", "/api/");
  const instances = { W: wasmInstances(handle) };
  new FilterHarness({ filters: ["W"], instances, requestHeaders }).request(true);
  assert.equal(requestHeaders.get("x-settings"), "false a+b 1.5 m r/2.0/255");

  const wrong = '{"enabled": 1, "rules": [{"burst": 256}, {}], "more": 1}';
  await host.prepare(described, pluginSettings({ configuration: wrong }));
  assert.deepEqual(
    host.canaryLogger.take().filter((line) => line.startsWith("error")),
    [
      "error wasm log: configuration: $.enabled: must be true or false",
      "error wasm log: configuration: $.rules[0].burst: must be a whole number from 0 to 255",
      "error wasm log: configuration: $.rules[1].burst: is missing",
      "error wasm log: configuration: $.more: is not known; there are enabled, hosts, shares, main, rules",
    ],
  );
});

const fields = await assemblyScript("test/fixtures/wasm/assembly/config-fields.ts");

/** What the filter of config-fields.ts logs about a configuration. */
async function linesAbout(configuration: string): Promise<string[]> {
  const host = new WasmHost();
  await host.prepare(fields, pluginSettings({ configuration }));
  return host.canaryLogger.take().filter((line) => line.includes("wasm log"));
}

test("a configuration's fields keep their defaults when members are missing, also lists, inherited and readonly ones", async () => {
  const defaults =
    "info wasm log: nobody 7 note=null hint=null first=null others=-1 steps=nobody*1+nobody*1 odd=1";
  assert.deepEqual(await linesAbout("{}"), [defaults]);
  assert.deepEqual(await linesAbout('{"note": null, "first": null, "others": null}'), [defaults]);
});

test("a configuration's fields take what is given, also those that may be null", async () => {
  const given = `{"name": "n", "level": 3, "note": "", "hint": "h", "first": {"name": "f"},
    "others": [{}], "steps": [], "odd": {"value": 5}}`;
  assert.deepEqual(await linesAbout(given), [
    "info wasm log: n 3 note= hint=h first=f others=1 steps= odd=5",
  ]);
});

test("a configuration's fields refuse what does not fit, also those that may be null", async () => {
  const wrong = `{"name": null, "level": "x", "note": 1, "first": [], "others": {}, "steps": null, "odd": {"value": 4, "digits": 1}}`;
  assert.deepEqual(await linesAbout(wrong), [
    "error wasm log: configuration: $.name: must be a text",
    "error wasm log: configuration: $.note: must be a text",
    "error wasm log: configuration: $.first: must be an object",
    "error wasm log: configuration: $.others: must be a list",
    "error wasm log: configuration: $.steps: must be a list",
    "error wasm log: configuration: $.odd.value: must be odd",
    "error wasm log: configuration: $.odd.digits: is not known; there are value",
    "error wasm log: configuration: $.level: must be a number",
  ]);
});

test("the schema of a configuration has inherited members, and leaves open what an own reader takes", () => {
  const [section] = WebAssembly.Module.customSections(
    new WebAssembly.Module(fields),
    "sluice.filter",
  );
  const { configSchema } = JSON.parse(Buffer.from(section!).toString()) as {
    configSchema: { properties: Record<string, object> };
  };
  const step = {
    type: "object",
    properties: {
      times: { type: "integer", minimum: 0, maximum: 4294967295 },
      name: { type: "string" },
    },
    additionalProperties: false,
  };
  assert.deepEqual(configSchema, {
    type: "object",
    properties: {
      note: { type: "string" },
      hint: { type: "string" },
      first: step,
      others: { type: "array", items: step },
      steps: { type: "array", items: step },
      odd: { type: "object" },
      level: { type: "integer", minimum: 0, maximum: 255 },
      name: { type: "string" },
    },
    additionalProperties: false,
  });
});

/** What the compiler says of a filter; it is compiled in a folder of its own. */
async function problemsOf(source: string, packageJson = "{}"): Promise<string[]> {
  mkdirSync(path.join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(path.join(root, ".cache", "transform-"));
  try {
    writeFileSync(path.join(folder, "index.ts"), source);
    writeFileSync(path.join(folder, "package.json"), packageJson);
    const result = await compileFilter(path.join(folder, "index.ts"));
    if (result.ok) return [];
    const [first] = result.problems.map(formatProblem).join("\n").split("\n");
    return [first!.replace(/^.*\/(index\.ts)/, "$1")];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sdk = "@sluice/sdk-assemblyscript/assembly";

for (const [name, source, problem] of [
  [
    "there is no filter",
    `import { Log } from "${sdk}"; Log.info("x");`,
    /^index\.ts:1:1: the main file has no class that extends Plugin, HttpFilter/,
  ],
  ["there is nothing", "\n", /^index\.ts:1:1: the main file has no class/],
  [
    "the only filter is abstract",
    `import * as sdk from "${sdk}";\nexport default abstract class A extends sdk.HttpFilter {}`,
    /^index\.ts:2:31: A is abstract: extend it$/,
  ],
  [
    "the only filter has type parameters",
    `import { HttpFilter as Base } from "${sdk}";\nclass A<T> extends Base {}`,
    /^index\.ts:2:7: A has type parameters: extend it by a class that gives them$/,
  ],
  [
    "the only filter's constructor needs arguments",
    `import { NetworkFilter } from "${sdk}";\nclass A extends NetworkFilter { constructor(readonly a: string) { super(); } }\nclass B extends A {}`,
    /^index\.ts:2:33: the constructor of B needs arguments: make it in createNetworkFilter\(\) of a class that extends Plugin$/,
  ],
  [
    "there are two",
    `import { HttpFilter } from "${sdk}";\nclass A extends HttpFilter {}\nclass B extends HttpFilter {}`,
    /^index\.ts:3:7: .*more than one filter: A, B; say which by registerPlugin\(\)/,
  ],
  [
    "a proxy has no such thing",
    `import { HttpFilter, Log } from "${sdk}";
class A extends HttpFilter { override onLog(): void { Log.info(performance.now().toString()); } }`,
    /^performance\.now is used: no proxy has it$/,
  ],
  [
    "a callback is misspelled",
    `import { HttpFilter, HeaderMap, HeadersStatus } from "${sdk}";
class A extends HttpFilter { override onLog(): void {} }
class B extends A {
  onResponseHeader(h: HeaderMap, _end: bool): HeadersStatus { return HeadersStatus.Continue; }
}`,
    /^index\.ts:4:3: nothing calls "onResponseHeader"; did you mean onResponseHeaders\?/,
  ],
  [
    "a callback of a handler is misspelled",
    `import { HttpCallHandler, HttpFilter, HttpResponse } from "${sdk}";
class A extends HttpFilter { override onLog(): void {} }
class B extends HttpCallHandler { onHTTPFailure(): void {} onRespons(r: HttpResponse): void {} }`,
    /^index\.ts:3:60: nothing calls "onRespons"; did you mean onResponse\?/,
  ],
  [
    "a field cannot be read",
    `import { ConfigObject, Plugin } from "${sdk}";\nclass C extends ConfigObject { a: Map<string, string> = new Map(); }\nclass P extends Plugin { c: C = new C(); }`,
    /^index\.ts:2:35: .*must be a string, bool, number/,
  ],
] as const) {
  test(`the transform tells where it is wrong that ${name}`, async () => {
    assert.match((await problemsOf(source)).join(), problem);
  });
}

for (const [packageJson, problem] of [
  ["{", /package\.json: /],
  ['{"sluice":{"predicate":{"path":"/"}}}', /\.predicate\.path: is not known/],
  ['{"sluice":{"predicat":{}}}', /\$\.sluice\.predicat: is not known; there is predicate/],
  ['{"sluice":{"predicate":{"paths":"/"}}}', /\.predicate\.paths: must be a list of prefixes/],
  ['{"sluice":{"predicate":{"paths":["a"]}}}', /\.paths: .*each beginning with a slash/],
  ['{"sluice":{"predicate":{"header":"a b"}}}', /\.header: must be the name of a header/],
  ['{"sluice":{"predicate":{"body":true}}}', /\.predicate\.body: can only be false/],
] as const) {
  test(`the transform refuses the description ${packageJson}`, async () => {
    const source = `import { HttpFilter } from "${sdk}";\nclass A extends HttpFilter {}`;
    assert.match((await problemsOf(source, packageJson)).join(), problem);
  });
}
