import type { JsonObject } from "@bufbuild/protobuf";
import { both, type LuaCase, request, response } from "../case.ts";

const metadataOf = (text: string): JsonObject => ({ filter_metadata: { [text]: { m: "theirs" } } });
const fake = [{ header: { key: "x-fake", value: "1" } }];
const toPair = { route: { cluster: "pair" } };

/** Which script runs for a route, and what it learns of the route. */
export const routeCases: readonly LuaCase[] = [
  { name: "route-default" },
  { name: "route-disabled", perRoute: { disabled: true } },
  { name: "route-named", perRoute: { name: "named" } },
  { name: "route-unknown", perRoute: { name: "unknown" } },
  { name: "route-context", perRoute: { filter_context: { k: "foo_value" } } },
  {
    name: "route-context-script",
    script: both(
      `h:headers():add("x-context", h:filterContext():get("a") .. h:filterContext():get("t").b .. h:filterContext():get("l")[2])`,
    ),
    perRoute: { filter_context: { a: "text", t: { b: 5 }, l: ["x", "y"] } },
  },
  {
    name: "route-metadata-others",
    script: both(
      `h:headers():add("x-m", (h:metadata():get("m") or "none") .. (h:route():metadata():get("m") or "none"))`,
    ),
    route: { metadata: metadataOf("somebody") },
  },
  {
    name: "route-metadata-canonical",
    listener: "canonical",
    script: both(
      `h:headers():add("x-m", (h:metadata():get("m") or "none") .. (h:route():metadata():get("m") or "none"))`,
    ),
  },
  {
    name: "route-metadata-own-name",
    listener: "canonical",
    script: both(
      `h:headers():add("x-m", (h:metadata():get("m") or "none") .. (h:route():metadata():get("m") or "none"))`,
    ),
    route: {
      metadata: {
        filter_metadata: {
          "other-name": { m: "own" },
          "envoy.filters.http.lua": { m: "canonical" },
        },
      },
    },
  },
  {
    name: "route-metadata-values",
    script: request(
      `local m = h:metadata() h:logInfo(tostring(m:get("s")) .. tostring(m:get("n")) .. tostring(m:get("t")) .. tostring(m:get("z")) .. select("#", m:get("z")) .. m:get("l")[2][1] .. m:get("o").deep.er)`,
    ),
    route: {
      metadata: {
        filter_metadata: {
          script: {
            s: "text",
            n: 1.5,
            t: true,
            z: null,
            l: ["a", ["b"]],
            o: { deep: { er: "yes" } },
          },
        },
      },
    },
  },
  {
    name: "route-direct",
    script: both(`h:headers():add("x-m", (h:metadata():get("m") or "none"))`),
    route: { route: null, direct_response: { status: 200, body: { inline_string: "direct" } } },
  },
  {
    name: "route-redirect",
    script: both(`h:headers():add("x-m", (h:metadata():get("m") or "none"))`),
    route: { route: null, redirect: { path_redirect: "/elsewhere" } },
  },
  {
    name: "route-change",
    script: request(`local m = h:headers() m:remove(":path") m:add(":path", "/to-other")`),
  },
  {
    name: "route-change-replace",
    script: request(
      `h:headers():replace(":path", "/to-other") h:logInfo(h:streamInfo():routeName())`,
    ),
  },
  {
    name: "route-change-authority",
    script: request(
      `h:headers():replace(":authority", "new.example") h:headers():replace(":method", "PUT")`,
    ),
  },
  { name: "route-bare", listener: "bare", headers: { host: "known" } },
  { name: "route-none", listener: "bare", wholePath: "/nothing", headers: { host: "known" } },
  { name: "route-no-host", listener: "bare", wholePath: "/nothing", headers: { host: "unknown" } },
  { name: "route-early-1.0", listener: "bare", wholePath: "/", version: "1.0" },
  { name: "route-early-400", listener: "bare", wholePath: "/", headers: { host: "" } },
  { name: "route-early-garbage", listener: "bare", wholePath: "/", headers: { "a b": "c" } },
  {
    name: "route-response-headers",
    script: request(`h:respond({ [":status"] = "403" }, "nope")`),
    route: { response_headers_to_add: fake as unknown as JsonObject },
  },
  {
    name: "route-timeout",
    script: response(`h:headers():add("x-seen", h:headers():get(":status"))`),
    route: { route: { cluster: "silent", timeout: "0.05s" } },
  },
  {
    name: "route-no-upstream",
    script: response(`h:headers():add("x-seen", h:headers():get(":status"))`),
    route: { route: { cluster: "dead" } },
  },
  {
    name: "route-upstream-reset",
    script: response(`h:headers():add("x-seen", h:headers():get(":status"))`),
    path: "?answer=reset",
  },
  {
    name: "route-override",
    script: request(`h:setUpstreamOverrideHost("127.0.0.1:<other>")`),
    route: toPair,
    times: 3,
  },
  {
    name: "route-override-unknown",
    script: request(`h:setUpstreamOverrideHost("127.0.0.9:1", true)`),
    route: toPair,
  },
  {
    name: "route-override-loose",
    script: request(`h:setUpstreamOverrideHost("127.0.0.9:1", false)`),
  },
  {
    name: "route-override-bad",
    script: both(`for _, each in ipairs({ "", "name", "1.2.3", "1.2.3.4:x" }) do
h:logInfo(select(2, pcall(function() h:setUpstreamOverrideHost(each) end))) end
h:logInfo(select(2, pcall(function() h:setUpstreamOverrideHost() end)))
h:logInfo(select(2, pcall(function() h:setUpstreamOverrideHost("1.2.3.4", "x") end)))`),
  },
];
