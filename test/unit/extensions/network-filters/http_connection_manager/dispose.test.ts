import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListenerContext } from "../../../../../host/src/contracts/runtime.ts";
import { httpConnectionManagerFilter } from "../../../../../host/src/extensions/network-filters/http_connection_manager/config.ts";
import { ThreadStats } from "../../../../../host/src/stats/thread-stats.ts";
import { defaultHcmConfig } from "../../../../support/hcm-server.ts";
import { SimulatedDispatcher } from "../../../../support/simulated-dispatcher.ts";

test("the HTTP filters are let go with their filter chain, once its streams are gone", async () => {
  const dispatcher = new SimulatedDispatcher();
  const stats = new ThreadStats(() => undefined);
  let disposed = 0;
  const context: Partial<ListenerContext> = {
    dispatcher,
    stats,
    listenerScope: stats.scope("listener.l"),
    createHttpFilter: () => ({
      createFilters: () => undefined,
      dispose: () => void (disposed += 1),
    }),
  };
  const filter = {
    name: "guest",
    disabled: false,
    extension: { name: "guest", typeUrl: "type.googleapis.com/test.Guest", config: null },
    discovery: undefined,
  };
  const routeConfig = { name: "", virtualHosts: [] };
  const factory = await httpConnectionManagerFilter.createFilterFactory(
    { ...defaultHcmConfig, routeConfig, httpFilters: [filter] },
    context as ListenerContext,
  );
  factory.dispose!();
  assert.equal(disposed, 0);
  dispatcher.runPosted();
  assert.equal(disposed, 1);
});
