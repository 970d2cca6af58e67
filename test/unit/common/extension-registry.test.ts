import assert from "node:assert/strict";
import { test } from "node:test";
import { createRegistry } from "../../../host/src/common/extension-registry.ts";
import type { HttpFilterFactory } from "../../../host/src/contracts/extension.ts";

const filter = (name: string, messageName: string, route?: string): HttpFilterFactory => ({
  name,
  messageName,
  routeMessageName: route,
  isTerminal: false,
  parseConfig: () => ({}),
  createFilterFactory: () => {
    throw new Error("no filters are made here");
  },
});

const registryOf = (...httpFilters: HttpFilterFactory[]) =>
  createRegistry({ httpFilters, networkFilters: [], listenerFilters: [], accessLoggers: [] });

test("createRegistry() finds factories by message and by per-route message", () => {
  const a = filter("a", "x.A", "x.APerRoute");
  const b = filter("b", "x.B");
  const registry = registryOf(a, b);
  assert.equal(registry.httpFilter("x.A"), a);
  assert.equal(registry.httpFilter("a"), undefined);
  assert.equal(registry.httpFilterOfRoute("x.APerRoute"), a);
  assert.equal(registry.httpFilterOfRoute("x.B"), undefined);
  assert.equal(registry.networkFilter("x.A"), undefined);
  assert.deepEqual(registry.factories("http_filter"), [a, b]);
  assert.deepEqual(registry.factories("access_logger"), []);
});

test("createRegistry() refuses factories that claim the same", () => {
  assert.throws(() => registryOf(filter("a", "x.A"), filter("b", "x.A")), /both claim x\.A/);
  assert.throws(() => registryOf(filter("a", "x.A"), filter("a", "x.B")), /both claim a/);
  assert.throws(
    () => registryOf(filter("a", "x.A", "x.R"), filter("b", "x.B", "x.R")),
    /both claim x\.R/,
  );
});
