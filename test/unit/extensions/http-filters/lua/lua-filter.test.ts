import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../../../host/src/common/headers/header-map.ts";
import {
  LuaFilter,
  type LuaFilterShared,
} from "../../../../../host/src/extensions/http-filters/lua/lua-filter.ts";
import { LuaHost, RecordedSide } from "../../../../support/lua.ts";
import { SimulatedStat } from "../../../../support/simulated-stat.ts";

test("a stream that the script's share does not admit passes both hooks, and is asked about once", () => {
  const host = new LuaHost();
  const script = host.load(`
    function envoy_on_request(h) h:headers():add("x-lua", "1") end
    function envoy_on_response(h) h:headers():add("x-lua", "1") end`);
  let asked = 0;
  const states = {
    current: script,
    admits: () => {
      asked += 1;
      return false;
    },
  };
  const executions = new SimulatedStat();
  const shared: LuaFilterShared = {
    scripts: { choose: () => ({ states, filterContext: {}, scriptName: "default" }) },
    clusterManager: { getThreadLocalCluster: () => undefined },
    clearRouteCache: true,
    logger: host.environment.logger,
    filterName: "lua",
    stats: { errors: new SimulatedStat(), executions },
    scriptStats: new RecordedSide(true).stats,
    watched: undefined,
    errors: undefined,
  };
  const filter = new LuaFilter(shared);
  filter.setDecoderFilterCallbacks({} as never);
  filter.setEncoderFilterCallbacks({} as never);
  const [request, response] = [headerMapOf([[":path", "/"]]), headerMapOf([[":status", "200"]])];
  assert.equal(filter.decodeHeaders(request, true), 0);
  assert.equal(filter.encodeHeaders(response, true), 0);
  filter.onDestroy();
  assert.deepEqual([request.has("x-lua"), response.has("x-lua")], [false, false]);
  assert.deepEqual([asked, executions.value], [1, 0]);
});
