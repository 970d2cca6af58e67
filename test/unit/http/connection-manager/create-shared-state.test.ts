import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type {
  ExtensionConfig,
  ExtensionDiscoveryConfig,
  HttpFilterConfig,
} from "../../../../host/src/contracts/config/snapshot.ts";
import type { HttpFilterInstances } from "../../../../host/src/contracts/http/filter.ts";
import type { ListenerContext } from "../../../../host/src/contracts/runtime.ts";
import { createSharedState } from "../../../../host/src/http/connection-manager/create-shared-state.ts";
import type { StatAnnouncement } from "../../../../host/src/stats/announcement.ts";
import { ThreadStats } from "../../../../host/src/stats/thread-stats.ts";
import { defaultHcmConfig } from "../../../support/hcm-server.ts";
import { SimulatedDispatcher } from "../../../support/simulated-dispatcher.ts";

const routeTable = { name: "", internalOnlyHeaders: [], route: () => undefined };
const extension = (name: string): ExtensionConfig => ({ name, typeUrl: name, config: undefined });
const fixed = (name: string): HttpFilterConfig => ({
  name,
  disabled: false,
  extension: extension(name),
  discovery: undefined,
});

/** A listener's context in which filters are made by name; `bad` cannot be made. */
function contextOf(log: string[], stats: ThreadStats): ListenerContext {
  const make = (name: string): HttpFilterInstances => ({
    createFilters: () => undefined,
    dispose: () => log.push(`dispose ${name}`),
  });
  const context: Partial<ListenerContext> = {
    dispatcher: new SimulatedDispatcher(),
    stats,
    listenerScope: stats.scope("listener.L"),
    localInfo: {
      nodeId: "",
      clusterName: "",
      zone: "",
      nodeMetadata: {},
      address: "",
      version: "",
    },
    createHttpFilter: (config, name, prefix) => {
      log.push(`create ${name} ${prefix}`);
      if (config.name === "bad") throw new Error("cannot be made");
      return make(name);
    },
    createAccessLog: (config) => {
      log.push(`access log ${config.name}`);
      return Promise.resolve({ log: () => undefined });
    },
    extensionConfigs: {
      get: (discovery, name) => {
        log.push(`discover ${discovery.key} ${name}`);
        return Promise.resolve({ current: () => undefined, close: () => undefined });
      },
    },
  };
  return context as ListenerContext;
}

test("createSharedState() makes the filters in order, discovered ones too, and the access logs", async () => {
  const log: string[] = [];
  const discovery = { key: "k" } as ExtensionDiscoveryConfig;
  const config = {
    ...defaultHcmConfig,
    httpFilters: [
      fixed("a"),
      { name: "b", disabled: true, extension: undefined, discovery },
      fixed("c"),
    ],
    accessLogs: [extension("file")],
  };
  await createSharedState(config, { routeTable }, contextOf(log, new ThreadStats(() => undefined)));
  assert.deepEqual(log, [
    "create a http.p.",
    "discover k b",
    "create c http.p.",
    "access log file",
  ]);
});

test("createSharedState() gives back what it made when a later filter cannot be made", async () => {
  const log: string[] = [];
  const config = { ...defaultHcmConfig, httpFilters: [fixed("a"), fixed("b"), fixed("bad")] };
  const stats = new ThreadStats(() => undefined);
  await assert.rejects(
    createSharedState(config, { routeTable }, contextOf(log, stats)),
    /cannot be made/,
  );
  assert.deepEqual(log.slice(-2), ["dispose a", "dispose b"]);
});

test("createSharedState() makes stats that Envoy has, and nothing else", async () => {
  const announced: StatAnnouncement[] = [];
  const stats = new ThreadStats((batch) => announced.push(...batch));
  await createSharedState(defaultHcmConfig, { routeTable }, contextOf([], stats));
  stats.flush();
  const file = path.join(import.meta.dirname, "../../../golden/connection-manager/stat-names.json");
  const golden = JSON.parse(readFileSync(file, "utf8")) as {
    names: string[];
    histograms: string[];
  };
  const known = new Set(golden.names);
  let made = 0;
  for (const each of announced) {
    if (!("name" in each)) continue;
    made += 1;
    assert.ok(known.has(each.name), `${each.name} is not a stat of Envoy`);
    assert.equal(each.kind === "histogram", golden.histograms.includes(each.name), each.name);
  }
  assert.ok(made > 50);
});
