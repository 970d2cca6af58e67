import assert from "node:assert/strict";
import { test } from "node:test";
import type { SnapshotUpdate } from "../../../host/src/snapshot/update.ts";
import type { ApplyUpdate } from "../../../host/src/xds/update-gate.ts";
import {
  discoveryHarness,
  scriptResponse,
  until,
  type DiscoveryHarness,
} from "../../support/discovery.ts";

/** Workers that accept everything; remembers what they were given. */
function acceptingWorkers(): { readonly updates: SnapshotUpdate[]; readonly apply: ApplyUpdate } {
  const updates: SnapshotUpdate[] = [];
  return {
    updates,
    apply: (update) => {
      updates.push(update);
      return Promise.resolve({ ok: true, value: undefined });
    },
  };
}

/** A discovery that is live, with its first version in the first snapshot. */
async function live(harness: DiscoveryHarness): Promise<SnapshotUpdate[]> {
  await harness.discovery.warm();
  harness.discovery.takeInitial();
  const { updates, apply } = acceptingWorkers();
  harness.discovery.goLive(apply);
  return updates;
}

const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

test("warm() reads the first version, prepared, for the first snapshot", async (t) => {
  const harness = discoveryHarness(t);
  await harness.discovery.warm();
  assert.deepEqual(harness.discovery.takeInitial(), [
    {
      key: "script@1",
      version: "1",
      extension: {
        name: "script",
        typeUrl: "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        config: "prepared one",
      },
    },
  ]);
  const names = ["config_reload", "update_attempt", "update_success", "config_fail"];
  assert.deepEqual(
    names.map((name) => harness.stat(name)),
    [1, 1, 1, 0],
  );
  assert.ok(harness.stat("update_time") > 0);
  const [current] = harness.discovery.current();
  assert.equal(current?.version, "1");
  assert.equal(current?.resource.name, "script");
});

test("a move to the file's name brings the new version to the workers", async (t) => {
  const harness = discoveryHarness(t);
  const updates = await live(harness);
  harness.pushScript("2", "two");
  await until(() => harness.stat("config_reload") === 2, "the second version in force");
  assert.equal(updates.length, 1);
  assert.deepEqual(updates[0]?.clusters, []);
  assert.equal(updates[0]?.extensionConfigs[0]?.version, "2");
  assert.equal(updates[0]?.extensionConfigs[0]?.extension?.config, "prepared two");
  assert.equal(harness.discovery.current()[0]?.version, "2");
});

test("the same configuration under another version is not applied again", async (t) => {
  const harness = discoveryHarness(t);
  const updates = await live(harness);
  harness.pushScript("2", "one");
  await until(() => harness.stat("update_success") === 2, "the second version taken");
  assert.equal(harness.stat("config_reload"), 1);
  assert.deepEqual(updates, []);
});

interface BadPush {
  readonly what: string;
  readonly content: string;
  readonly stat: "update_failure" | "update_rejected";
  /** `FILE` stands for the file's path. */
  readonly line: string;
}

const badPushes: readonly BadPush[] = [
  {
    what: "a text that is not YAML",
    content: '{"a',
    stat: "update_failure",
    line: `extension config 'script' failure: FILE:1:4: Missing closing "quote`,
  },
  {
    what: "a field of the wrong kind",
    content: scriptResponse("2", "x").replace('inline_code: "x"', "inline_code: 5"),
    stat: "update_failure",
    line: "extension config 'script' failure: FILE:7:18: resources[0].typed_config.inline_code: expected text, found the number 5; put it in quotes",
  },
  {
    what: "no resource",
    content: 'version_info: "2"\n',
    stat: "update_rejected",
    line: "extension config 'script' rejected: FILE:1:1: resources: Unexpected number of resources in ExtensionConfigDS response: 0",
  },
  {
    what: "another name",
    content: scriptResponse("2", "x").replace("name: script", "name: other"),
    stat: "update_rejected",
    line: "extension config 'script' rejected: FILE:4:3: resources[0].name: Unexpected resource name in ExtensionConfigDS response: other; expected script",
  },
  {
    what: "an unknown type",
    content: scriptResponse("2", "x").replace("lua.v3.Lua", "lua.v3.Lau"),
    stat: "update_rejected",
    line: `extension config 'script' rejected: FILE:5:3: resources[0].typed_config: there is no HTTP filter of type envoy.extensions.filters.http.lua.v3.Lau (asked for by "script"); did you mean envoy.extensions.filters.http.lua.v3.Lua?`,
  },
  {
    what: "a type that is not allowed here",
    content: scriptResponse("2", "x")
      .replace(/type.googleapis.com\/envoy.extensions.*/, router)
      .replace(/inline_code.*/, "suppress_envoy_headers: true"),
    stat: "update_rejected",
    line:
      "extension config 'script' rejected: FILE:5:3: resources[0].typed_config: Error: filter config has type URL " +
      "envoy.extensions.filters.http.router.v3.Router but expect envoy.extensions.filters.http.lua.v3.Lua.\n" +
      "FILE:5:3: resources[0].typed_config: Error: terminal filter named script of type " +
      "envoy.filters.http.router must be the last filter in a http filter chain.",
  },
  {
    what: "a refused field",
    content: scriptResponse("2", "x", "    package_cpaths: [a]\n"),
    stat: "update_rejected",
    line: "extension config 'script' rejected: FILE:8:5: resources[0].typed_config.package_cpaths: ",
  },
  {
    what: "a script that cannot be prepared",
    content: scriptResponse("2", "broken"),
    stat: "update_rejected",
    line: "extension config 'script' rejected: FILE:5:3: resources[0].typed_config: script load error: [string]:1: x",
  },
  {
    what: "an extension that throws",
    content: scriptResponse("2", "throws"),
    stat: "update_rejected",
    line: "extension config 'script' rejected: prepare is broken",
  },
];

for (const { what, content, stat, line } of badPushes) {
  test(`a push with ${what} changes nothing and says why, once`, async (t) => {
    const harness = discoveryHarness(t);
    const updates = await live(harness);
    harness.lines.length = 0;
    harness.push(content);
    await until(() => harness.stat(stat) === 1, stat);
    assert.equal(harness.stat("config_fail"), 1);
    assert.equal(harness.stat("config_reload"), 1);
    assert.equal(harness.stat("update_attempt"), 2);
    assert.deepEqual(updates, []);
    assert.equal(harness.discovery.current()[0]?.version, "1");
    assert.equal(harness.lines.length, 1, harness.lines.join("\n"));
    const said = harness.lines[0]!.replaceAll(harness.file, "FILE");
    assert.ok(said.startsWith(`warning: ${line}`), said);
    harness.pushScript("3", "three");
    await until(() => harness.stat("config_reload") === 2, "the next good version in force");
    assert.equal(harness.discovery.current()[0]?.version, "3");
  });
}

test("a version that the workers refuse is rejected", async (t) => {
  const harness = discoveryHarness(t);
  await harness.discovery.warm();
  harness.discovery.takeInitial();
  harness.discovery.goLive(() => Promise.resolve({ ok: false, error: "worker 1: no memory" }));
  harness.lines.length = 0;
  harness.pushScript("2", "two");
  await until(() => harness.stat("update_rejected") === 1, "the rejection");
  assert.equal(harness.discovery.current()[0]?.version, "1");
  assert.match(harness.lines[0]!, /resources\[0\]\.typed_config: worker 1: no memory$/);
});

test("apply() that fails refuses the version, not the subscription", async (t) => {
  const harness = discoveryHarness(t);
  await harness.discovery.warm();
  harness.discovery.takeInitial();
  let calls = 0;
  harness.discovery.goLive(() => {
    calls += 1;
    if (calls === 1) throw new Error("a worker died");
    return Promise.resolve({ ok: true, value: undefined });
  });
  harness.pushScript("2", "two");
  await until(() => harness.stat("update_rejected") === 1, "the rejection");
  harness.pushScript("3", "three");
  await until(() => harness.stat("config_reload") === 2, "the third version in force");
});

test("versions that arrive during a push wait, and only the newest counts", async (t) => {
  const harness = discoveryHarness(t);
  await harness.discovery.warm();
  harness.discovery.takeInitial();
  const first = Promise.withResolvers<undefined>();
  const versions: (string | undefined)[] = [];
  harness.discovery.goLive(async (update) => {
    versions.push(update.extensionConfigs[0]?.version);
    if (versions.length === 1) await first.promise;
    return { ok: true, value: undefined };
  });
  harness.pushScript("2", "two");
  await until(() => versions.length === 1, "the second version on its way");
  for (const version of ["3", "4", "5"]) {
    harness.pushScript(version, version);
    // Each is seen as an event of its own.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(versions, ["2"]);
  first.resolve(undefined);
  await until(() => harness.discovery.current()[0]?.version === "5", "the fifth version in force");
  assert.deepEqual(versions, ["2", "5"]);
});

test("a version that arrives before the workers are there waits for them", async (t) => {
  const harness = discoveryHarness(t);
  await harness.discovery.warm();
  assert.equal(harness.discovery.takeInitial().length, 1);
  harness.pushScript("2", "two");
  await until(() => harness.stat("update_attempt") === 2, "the second version read");
  assert.equal(harness.discovery.current()[0]?.version, "1");
  const { updates, apply } = acceptingWorkers();
  harness.discovery.goLive(apply);
  await until(() => harness.stat("config_reload") === 2, "the second version in force");
  assert.equal(updates.length, 1);
});

test("warm() goes on after a first version that is refused", async (t) => {
  const harness = discoveryHarness(t, { content: scriptResponse("1", "broken") });
  await harness.discovery.warm();
  assert.deepEqual(harness.discovery.takeInitial(), []);
  assert.equal(harness.stat("config_fail"), 1);
  assert.deepEqual(harness.discovery.current(), []);
});

test("warm() goes on when initial_fetch_timeout is over", async (t) => {
  const users = [{ initialFetchTimeoutMs: 30 }];
  const harness = discoveryHarness(t, { content: scriptResponse("1", "slow"), users });
  await harness.discovery.warm();
  assert.equal(harness.stat("init_fetch_timeout"), 1);
  assert.equal(harness.stat("config_fail"), 1);
  assert.match(
    harness.lines[0]!,
    /^warning: initial fetch timed out for the extension config 'script'/,
  );
});

test("warm() does not wait where the default is applied at once", async (t) => {
  const users = [{ applyDefaultConfigWithoutWarming: true, initialFetchTimeoutMs: 0 }];
  const harness = discoveryHarness(t, { content: scriptResponse("1", "slow"), users });
  await harness.discovery.warm();
  assert.equal(harness.stat("init_fetch_timeout"), 0);
});

test("a version must suit every filter that uses the subscription", async (t) => {
  const users = [{}, { typeUrls: [router] }, { last: true }];
  const harness = discoveryHarness(t, { users });
  await harness.discovery.warm();
  assert.equal(harness.stat("update_rejected"), 1);
  assert.match(
    harness.lines[0]!,
    /but expect envoy\.extensions\.filters\.http\.router\.v3\.Router\./,
  );
  assert.match(harness.lines[0]!, /non-terminal filter named script .* is the last filter/);
});

test("unknown fields are counted, said once, and skipped", async (t) => {
  const content = scriptResponse("1", "one", "    new_field: 1\n");
  const harness = discoveryHarness(t, { content });
  await live(harness);
  harness.pushScript("2", "two", "    new_field: 1\n");
  await until(() => harness.stat("config_reload") === 2, "the second version in force");
  assert.equal(harness.stat("server.dynamic_unknown_fields"), 2);
  const said = harness.lines.filter((line) => line.includes("new_field"));
  assert.equal(said.length, 1);
  assert.ok(
    said[0]!.startsWith(`warning: ${harness.file}:8:5: resources[0].typed_config: unknown`),
  );
});

test("a resource may be wrapped, with a version of its own", async (t) => {
  const wrapped = `version_info: outer
resources:
- "@type": type.googleapis.com/envoy.service.discovery.v3.Resource
  name: script
  version: inner
  resource:
    "@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
    name: script
    typed_config:
      "@type": type.googleapis.com/xds.type.v3.TypedStruct
      type_url: type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
      value: {inlineCode: one}
`;
  const harness = discoveryHarness(t, { content: wrapped });
  await harness.discovery.warm();
  const [initial] = harness.discovery.takeInitial();
  assert.equal(initial?.version, "inner");
  assert.equal(initial?.extension?.config, "prepared one");
});
