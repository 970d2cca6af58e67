import { SimulatedStat } from "../support/simulated-stat.ts";
import { LuaFilter } from "../../host/src/extensions/http-filters/lua/lua-filter.ts";
import type { LuaScriptError } from "../../host/src/guest/watch/guest-report.ts";
import { Recent } from "../../host/src/guest/watch/guest-reports.ts";
import { GuestWatches } from "../../host/src/guest/watch/guest-watches.ts";
import { StatsStore } from "../../host/src/stats/stats-store.ts";
import type { HttpFilterInstances } from "../../host/src/contracts/http/filter.ts";
import { LuaHost, RecordedSide } from "../support/lua.ts";
import { testHttpFilter } from "./http-filter.ts";

function scripted(source: string): HttpFilterInstances {
  const host = new LuaHost();
  const script = host.load(source);
  const shared = {
    scripts: {
      choose: () => ({
        states: { current: script, admits: () => true },
        filterContext: {},
        scriptName: "default",
      }),
    },
    clusterManager: { getThreadLocalCluster: () => undefined },
    clearRouteCache: false,
    logger: host.environment.logger,
    filterName: "lua",
    stats: { errors: new SimulatedStat(), executions: new SimulatedStat() },
    watched: new GuestWatches(new StatsStore().main).guest("lua", "lua"),
    errors: new Recent<LuaScriptError>(),
    scriptStats: new RecordedSide(true).stats,
  };
  return { createFilters: (callbacks) => callbacks.addStreamFilter(new LuaFilter(shared)) };
}

testHttpFilter({
  name: "lua: headers",
  ownHeaders: ["x-lua"],
  create: () =>
    scripted(`
      function envoy_on_request(handle)
        handle:headers():add("x-lua", "request")
      end
      function envoy_on_response(handle)
        handle:headers():add("x-lua", "response")
      end
    `),
});

testHttpFilter({
  name: "lua: whole bodies",
  create: () =>
    scripted(`
      function envoy_on_request(handle) handle:body(true) end
      function envoy_on_response(handle) handle:body(true) end
    `),
});

testHttpFilter({
  name: "lua: chunks and trailers",
  create: () =>
    scripted(`
      function envoy_on_request(handle)
        for chunk in handle:bodyChunks() do local n = chunk:length() end
        local trailers = handle:trailers()
      end
      function envoy_on_response(handle)
        for chunk in handle:bodyChunks() do local n = chunk:length() end
        local trailers = handle:trailers()
      end
    `),
});

testHttpFilter({ name: "lua: no hooks", create: () => scripted("local nothing = 1") });
