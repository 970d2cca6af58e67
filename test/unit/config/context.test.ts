import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { Any } from "@bufbuild/protobuf/wkt";
import { createRegistry } from "../../../host/src/common/extension-registry.ts";
import { ConfigContext } from "../../../host/src/config/context.ts";
import { nothingFound } from "../../../host/src/config/found.ts";
import { readConfigText } from "../../../host/src/config/input.ts";
import { Model } from "../../../host/src/config/model.ts";
import { formatProblem, ProblemList } from "../../../host/src/config/problem.ts";
import type { HttpFilterFactory, PerRouteConfig } from "../../../host/src/contracts/extension.ts";
import { temporaryFolder } from "../../support/config-load.ts";

const luaPerRoute = "envoy.extensions.filters.http.lua.v3.LuaPerRoute";

const script: HttpFilterFactory = {
  name: "script",
  messageName: "envoy.extensions.filters.http.lua.v3.Lua",
  routeMessageName: luaPerRoute,
  isTerminal: false,
  parseConfig: () => "main",
  parseRouteConfig: ((message: { override: { value: string } }) =>
    `route ${message.override.value}`) as never,
  createFilterFactory: () => {
    throw new Error("no filters are made here");
  },
};

/** A context over one message, which is read from YAML. */
function contextOver(typeName: string, text: string) {
  const problems = new ProblemList();
  const input = readConfigText("t.yaml", text, problems)!;
  const model = new Model({ problems, source: input.source, warned: new Set() });
  const message = model.read(typeName, input)!;
  const found = nothingFound();
  const context = new ConfigContext({
    model,
    found,
    registry: createRegistry({
      httpFilters: [script],
      networkFilters: [],
      listenerFilters: [],
      accessLoggers: [],
    }),
    localInfo: {
      nodeId: "",
      clusterName: "",
      zone: "",
      nodeMetadata: {},
      address: "",
      version: "",
    },
  });
  const said = (): string[] => problems.errors.map(formatProblem);
  return { context, message, found, said };
}

function perRoute(text: string): { config: PerRouteConfig | undefined; said: string[] } {
  const typed = `name: f\ntyped_config: ${text}\n`;
  const { context, message, said } = contextOver(
    "envoy.config.core.v3.TypedExtensionConfig",
    typed,
  );
  const { typedConfig } = message as unknown as { typedConfig: Any };
  const config = context.perRouteConfig("f", typedConfig, message, "typed_config");
  return { config, said: said() };
}

const type = (name: string): string => `"@type": type.googleapis.com/${name}`;
const wrapper = type("envoy.config.route.v3.FilterConfig");
const off = { filterName: "f", messageName: "", config: undefined };

test("perRouteConfig() parses the filter's own message, bare or wrapped", () => {
  const expected = {
    filterName: "f",
    messageName: luaPerRoute,
    config: "route x",
    disabled: false,
  };
  const bare = `{${type(luaPerRoute)}, name: x}`;
  assert.deepEqual(perRoute(bare), { config: expected, said: [] });
  assert.deepEqual(perRoute(`{${wrapper}, config: ${bare}}`), { config: expected, said: [] });
});

test("perRouteConfig() knows entries that only switch a filter", () => {
  assert.deepEqual(perRoute(`{${wrapper}, disabled: true}`).config, { ...off, disabled: true });
  assert.deepEqual(perRoute(`{${wrapper}, config: {}}`).config, { ...off, disabled: false });
});

test("perRouteConfig() refuses what has no meaning, unless it is optional", () => {
  const unknown = `{${type("foo.Bar")}}`;
  assert.deepEqual(perRoute(`{${wrapper}, is_optional: true, config: ${unknown}}`), {
    config: undefined,
    said: [],
  });
  assert.match(perRoute(unknown).said[0]!, /there is no HTTP filter of type foo\.Bar/);
  assert.match(perRoute(`{${wrapper}}`).said[0]!, /Empty route\/virtual host per filter/);
  assert.match(
    perRoute(`{${type(script.messageName)}}`).said[0]!,
    /^t\.yaml:2:1: typed_config: The filter f doesn't support virtual host or route specific/,
  );
});

function source(text: string): { text: string | undefined; said: string[] } {
  const { context, message, said } = contextOver("envoy.config.core.v3.DataSource", text);
  const bytes = context.dataSource(message, message, "");
  return { text: bytes?.toString(), said: said() };
}

test("dataSource() reads files, texts, bytes and variables", (t) => {
  const file = path.join(temporaryFolder(t), "a.txt");
  fs.writeFileSync(file, "content");
  t.after(() => delete process.env["SLUICE_TEST_SOURCE"]);
  process.env["SLUICE_TEST_SOURCE"] = "variable";
  assert.equal(source(`filename: ${file}`).text, "content");
  assert.equal(source("inline_string: text").text, "text");
  assert.equal(source("inline_bytes: aGk=").text, "hi");
  assert.equal(source("environment_variable: SLUICE_TEST_SOURCE").text, "variable");
});

test("dataSource() reports what is not there", () => {
  assert.deepEqual(source("filename: /nowhere/a").said, [
    "t.yaml:1:1: /nowhere/a: cannot read the file: it does not exist",
  ]);
  assert.deepEqual(source("environment_variable: SLUICE_TEST_NONE").said, [
    "t.yaml:1:1: the environment variable SLUICE_TEST_NONE is not set",
  ]);
});

test("durationMs() cuts off what is below a millisecond", () => {
  const { context } = contextOver("envoy.config.core.v3.DataSource", "inline_string: a");
  assert.equal(context.durationMs({ seconds: 1n, nanos: 999_999 }, 7), 1000);
  assert.equal(context.durationMs({ seconds: 0n, nanos: 250_000_000 }, 7), 250);
  assert.equal(context.durationMs(undefined, 7), 7);
});

test("problem() finds the place of fields, elements and entries", () => {
  const text = "name: a\ndomains: [b, c]\ntypedPerFilterConfig: {k: {}}\nroutes:\n- name: r\n";
  const { context, message, said } = contextOver("envoy.config.route.v3.VirtualHost", text);
  for (const field of [
    "",
    "name",
    "domains[1]",
    'typed_per_filter_config["k"]',
    "routes[0].name",
  ]) {
    context.problem(message, field, "x");
  }
  context.problem(message, "require_tls", "x");
  assert.deepEqual(said(), [
    "t.yaml:1:1: x",
    "t.yaml:1:1: name: x",
    "t.yaml:2:14: domains[1]: x",
    't.yaml:3:24: typed_per_filter_config["k"]: x',
    "t.yaml:5:3: routes[0].name: x",
    "t.yaml:1:1: require_tls: x",
  ]);
});
