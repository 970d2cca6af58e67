import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingFound, type FoundExtension } from "../../../host/src/config/found.ts";
import { prepareAll } from "../../../host/src/config/prepare.ts";
import { fileOnly, formatProblem, ProblemList } from "../../../host/src/config/problem.ts";
import type {
  ExtensionFactory,
  HttpFilterFactory,
  PrepareContext,
} from "../../../host/src/contracts/extension.ts";

const contextFor = (filterName: string): PrepareContext =>
  ({ filterName, deadlineMs: 30 }) as unknown as PrepareContext;

type Prepare = NonNullable<ExtensionFactory["prepare"]>;

function extension(name: string, config: unknown, prepare?: Prepare): FoundExtension {
  const factory: ExtensionFactory = {
    name,
    messageName: "a.B",
    parseConfig: () => config,
    ...(prepare && { prepare }),
  };
  return { extension: { name, typeUrl: "a.B", config }, factory, place: fileOnly("f.yaml") };
}

test("prepareAll() puts what prepare gives into the configurations, in their order", async () => {
  const found = nothingFound();
  const order: string[] = [];
  const prepare: Prepare = (config, context) => {
    order.push(context.filterName);
    return Promise.resolve({ ok: true, value: `${String(config)} prepared` });
  };
  found.extensions.push(extension("a", "1", prepare), extension("b", "2"));
  found.extensions.push(extension("c", "3", prepare));
  const routeConfig = { filterName: "r", messageName: "a.R", config: "4", disabled: false };
  const factory = { prepareRouteConfig: prepare } as unknown as HttpFilterFactory;
  found.routeConfigs.push({ routeConfig, factory, place: fileOnly("f.yaml") });
  const problems = new ProblemList();
  await prepareAll(found, contextFor, problems);
  assert.deepEqual(
    found.extensions.map((entry) => entry.extension.config),
    ["1 prepared", "2", "3 prepared"],
  );
  assert.equal(routeConfig.config, "4 prepared");
  assert.deepEqual(order, ["a", "c", "r"]);
  assert.ok(!problems.failed);
});

test("prepareAll() reports what is refused, or not ready in time", async () => {
  const found = nothingFound();
  found.extensions.push(
    extension("a", 1, () => Promise.resolve({ ok: false, error: "it does not compile" })),
    extension("b", 2, () => new Promise(() => undefined)),
  );
  const problems = new ProblemList();
  await prepareAll(found, contextFor, problems);
  assert.deepEqual(problems.errors.map(formatProblem), [
    "f.yaml: it does not compile",
    "f.yaml: not prepared within 30 ms",
  ]);
  assert.equal(found.extensions[0]?.extension.config, 1);
});
