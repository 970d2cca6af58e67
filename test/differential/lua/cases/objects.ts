import { both, type LuaCase, request } from "../case.ts";

export const objectCases: readonly LuaCase[] = [
  {
    name: "metadata",
    script: both(
      `h:logInfo(tostring(h:metadata():get("m")) .. select("#", h:metadata():get("no")) .. type(h:metadata()))`,
    ),
  },
  {
    name: "metadata-pairs",
    script: request(
      `local t = {} for k, v in pairs(h:metadata()) do t[#t + 1] = k .. type(v) end table.sort(t) h:logInfo(table.concat(t, " "))`,
    ),
  },
  {
    name: "route-metadata",
    script: both(
      `h:logInfo(tostring(h:route():metadata():get("m")) .. tostring(h:virtualHost():metadata():get("v")))`,
    ),
  },
  { name: "filter-context", script: both(`h:logInfo(select("#", h:filterContext():get("k")))`) },
  {
    name: "stream-info",
    script: both(
      `local s = h:streamInfo() h:logInfo(s:protocol() .. s:routeName() .. s:virtualClusterName() .. s:requestedServerName() .. tostring(s:downstreamSslConnection()) .. tostring(h:connection():ssl()))`,
    ),
  },
  {
    name: "addresses",
    script: request(
      `local s = h:streamInfo() h:logInfo(s:downstreamLocalAddress() .. " " .. s:downstreamDirectLocalAddress() .. " " .. s:downstreamRemoteAddress() .. " " .. s:downstreamDirectRemoteAddress())`,
    ),
  },
  {
    name: "dynamic-metadata",
    script: request(
      `local d = h:streamInfo():dynamicMetadata() d:set("f", "k", { a = 1.5, b = { "x", "y" }, c = true, e = {} }) local t = d:get("f").k h:logInfo(t.a .. t.b[2] .. tostring(t.c) .. type(t.e) .. select("#", d:get("no"))) for name in pairs(d) do h:logInfo(name) end`,
    ),
  },
  {
    name: "dynamic-metadata-function",
    script: request(`h:streamInfo():dynamicMetadata():set("f", "k", print)`),
  },
  {
    name: "dynamic-metadata-mixed",
    script: request(`h:streamInfo():dynamicMetadata():set("f", "k", { 1, a = 2 })`),
  },
  {
    name: "dynamic-metadata-loop",
    script: request(
      `local d = h:streamInfo():dynamicMetadata() d:set("f", "k", 1) for _ in pairs(d) do\nd:set("f", "k", 2)\nend`,
    ),
  },
  {
    name: "typed-metadata",
    script: request(`h:logInfo(tostring(h:streamInfo():dynamicTypedMetadata("x")))`),
  },
  {
    name: "filter-state",
    script: request(`h:logInfo(tostring(h:streamInfo():filterState():get("x")))`),
  },
  {
    name: "connection-metadata",
    script: request(`h:logInfo(select("#", h:connectionStreamInfo():dynamicMetadata():get("x")))`),
  },
  {
    name: "base64",
    script: both(
      `h:headers():add("x-64", h:base64Escape("a\\0\\255b")) h:logInfo(h:base64Decode("YQ") .. tostring(h:base64Decode("!")))`,
    ),
  },
  {
    name: "timestamp",
    script: request(
      `h:logInfo(type(h:timestamp()) .. #h:timestampString() .. #h:timestampString(EnvoyTimestampResolution.MICROSECOND))\nh:timestamp("x")`,
    ),
  },
  { name: "timestamp-string", script: request(`h:timestampString("x")`) },
  {
    name: "public-key",
    script: request(
      `h:logInfo(tostring(h:importPublicKey("0000", 4):get()))\nh:verifySignature("sha256", "x", "y", 1, "z", 1)`,
    ),
  },
  {
    name: "clear-route-cache",
    script: both(`h:clearRouteCache() h:logInfo(h:streamInfo():routeName())`),
  },
];
