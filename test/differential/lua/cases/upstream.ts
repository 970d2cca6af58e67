import { both, type LuaCase, request, response } from "../case.ts";

const none = { perRoute: { disabled: true } };

/** Scripts that run as upstream filters. */
export const upstreamCases: readonly LuaCase[] = [
  {
    name: "upstream-headers",
    upstreamScript: both(`h:headers():add("x-upstream", "yes")`),
    ...none,
  },
  {
    name: "upstream-body",
    upstreamScript: both(
      `local b = h:body() if b then b:setBytes("[" .. b:getBytes(0, b:length()) .. "]") end`,
    ),
    body: "hello",
    ...none,
  },
  {
    name: "upstream-errors",
    upstreamScript: both(`local foo\nfoo["bar"] = 1`),
    ...none,
  },
  {
    name: "upstream-info",
    upstreamScript: both(
      `local s = h:streamInfo() h:logInfo(s:protocol() .. " " .. s:routeName() .. " " .. s:downstreamRemoteAddress()) h:clearRouteCache() h:logInfo(tostring((h:metadata():get("m"))))`,
    ),
    ...none,
  },
  {
    name: "upstream-call",
    upstreamScript: request(
      `local m = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }, nil, 60000) h:headers():add("x-called", m[":status"])`,
    ),
    ...none,
  },
  {
    name: "upstream-respond",
    upstreamScript: request(
      `h:respond({ [":status"] = "403", ["x-a"] = "b" }, "from the upstream filter")`,
    ),
    ...none,
  },
  {
    name: "upstream-path",
    upstreamScript: `${request(`h:headers():replace(":path", "/changed")`)}\n${response(`h:headers():replace(":status", "201")`)}`,
    ...none,
  },
  {
    name: "upstream-both-places",
    script: both(`h:headers():add("x-order", "downstream")`),
    upstreamScript: both(`h:headers():add("x-order", "upstream")`),
  },
];
