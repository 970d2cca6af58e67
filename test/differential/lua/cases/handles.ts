import { both, type LuaCase, request, response } from "../case.ts";

const fails = `local function fails(f) local ok, m = pcall(f) h:logInfo(tostring(ok) .. " " .. tostring(m)) end\n`;
const target = `{ [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }`;

/** What handles do where messages, routes and replies are out of the ordinary. */
export const handleCases: readonly LuaCase[] = [
  {
    name: "handle-late-headers",
    body: "x",
    script: both(`h:trailers()
local function fails(f) local ok, m = pcall(f) h:logInfo(tostring(ok) .. " " .. tostring(m)) end
fails(function() h:headers():add() end) fails(function() h:headers():remove() end) fails(function() h:headers():replace() end)
h:logInfo((h:headers():get("host") or h:headers():get(":status")) .. h:headers():getNumValues("x-none"))
local n = 0 for _ in pairs(h:headers()) do n = n + 1 end h:logInfo(tostring(n > 2))`),
  },
  {
    name: "handle-after-loop",
    script: both(
      `for _ in pairs(h:headers()) do end h:headers():add("x-after", "1") for _ in pairs(h:headers()) do end h:headers():remove("x-after") h:headers():replace("x-after", "2")`,
    ),
  },
  {
    name: "handle-pairs-order",
    headers: { "x-b": "1", accept: "*/*", "x-a": "2" },
    script: both(
      `local n = {} for k in pairs(h:headers()) do n[#n + 1] = k end h:logInfo(table.concat(n, " "))`,
    ),
  },
  {
    name: "handle-empty-values",
    script: request(
      `local m = h:headers() m:add("x-e", "foo") m:add("x-e", "bar") m:add("x-e", "") h:logInfo(m:get("x-e") .. "|" .. m:getAtIndex("x-e", 2) .. "|" .. tostring(m:getAtIndex("x-e", 3) == nil) .. m:getNumValues("x-e"))`,
    ),
  },
  {
    name: "handle-inline-request",
    headers: {
      accept: "a",
      referer: "r",
      authorization: "z",
      via: "v",
      te: "trailers",
      "content-type": "t",
      "x-forwarded-for": "10.0.0.1",
      "cache-control": "c",
      "accept-encoding": "e",
      "if-none-match": "i",
      origin: "o",
      "x-other": "x",
    },
    script: request(
      `local m = h:headers() for _, n in ipairs({ "accept", "referer", "authorization", "via", "content-type", "cache-control", "accept-encoding", "if-none-match", "origin", "x-other", "x-forwarded-for", "x-request-id", "x-forwarded-proto", "user-agent" }) do m:add(n, "more") h:logInfo(n .. " " .. m:getNumValues(n)) end`,
    ),
  },
  {
    name: "handle-inline-response",
    path: "?answer=chunks",
    script: response(
      `local m = h:headers() for _, n in ipairs({ "server", "date", "content-type", "location", "cache-control", "vary", "etag", "x-other", "content-encoding", "set-cookie" }) do m:add(n, "one") m:add(n, "more") h:logInfo(n .. " " .. m:getNumValues(n)) end`,
    ),
  },
  {
    name: "handle-inline-trailers",
    chunks: ["hello"],
    trailers: { "x-trailer": "one" },
    path: "?answer=trailers",
    script: both(
      `local t = h:trailers() for _, n in ipairs({ "via", "grpc-status", "grpc-message", "content-type", "x-a" }) do t:add(n, "1") t:add(n, "2") h:logInfo(n .. " " .. t:getNumValues(n)) end`,
    ),
  },
  {
    name: "handle-clear-off",
    listener: "bare",
    headers: { host: "known" },
    script: request(`h:headers():replace(":path", "/somewhere") h:headers():add("x-a", "b")`),
  },
  {
    name: "handle-clear-asked",
    listener: "bare",
    headers: { host: "known" },
    script: request(`h:headers():replace(":path", "/somewhere") h:clearRouteCache()`),
  },
  {
    name: "handle-virtual-host",
    listener: "bare",
    headers: { host: "known" },
    script: both(
      `h:logInfo(tostring(h:virtualHost():metadata():get("v")) .. tostring(h:route():metadata():get("m")))`,
    ),
  },
  {
    name: "handle-dynamic-metadata",
    script:
      both(`local d = h:streamInfo():dynamicMetadata() d:set("f", "z", nil) d:set("f", "b", "a\\255\\128b") d:set("f", "n", 3)
h:logInfo(tostring(d:get("f").z) .. select("#", d:get("no")) .. tostring(d:get("f").b == "a\\255\\128b") .. d:get("f").n .. type(d))
${fails}
fails(function() local it = pairs(d) local it2 = pairs(d) end)`),
  },
  {
    name: "handle-dynamic-nested",
    script:
      request(`local d = h:streamInfo():dynamicMetadata() d:set("f", "l", { 1, 2, nil, 4 }) d:set("f", "s", { [3] = "x" }) d:set("f", "e", {}) d:set("f", "t", { a = { b = { c = true } }, [ "1" ] = 2 })
local f = d:get("f") h:logInfo(#f.l .. tostring(f.l[3]) .. tostring(f.s[3]) .. type(f.e) .. tostring(f.t.a.b.c) .. f.t["1"])
d:set("f", "l", "over") d:set("g", "k", 1) h:logInfo(d:get("f").l .. type(d:get("f").t)) local n = {} for k in pairs(d) do n[#n + 1] = k end table.sort(n) h:logInfo(table.concat(n, " "))`),
  },
  {
    name: "handle-call-host",
    script: request(
      `local m = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a", host = "a", Host = "a" }, nil, 60000) h:logInfo(m[":status"])`,
    ),
  },
  {
    name: "handle-call-order",
    script: request(
      fails +
        `fails(function() h:httpCall("unknown", "x", nil, -1) end) fails(function() h:httpCall("unknown", "x", nil, 0) end) fails(function() h:httpCall("unknown", {}, nil, 0) end) fails(function() h:httpCall("callout", {}, {}, 0) end) fails(function() h:httpCall("callout", ${target}, nil, "5") end) fails(function() h:httpCall("callout", ${target}, 5, 0) end) fails(function() h:httpCall("callout", ${target}, nil, 1.9) end)`,
    ),
  },
  {
    name: "handle-length-removed",
    script: response(`h:body():setBytes("abc") h:headers():remove("content-length")`),
  },
  {
    name: "handle-filter-config",
    route: {
      typed_per_filter_config: {
        script: {
          "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
          config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
            name: "named",
          },
        },
      },
    },
  },
  {
    name: "handle-filter-config-off",
    route: {
      typed_per_filter_config: {
        script: {
          "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
          disabled: true,
          config: { "@type": "type.googleapis.com/google.protobuf.Empty" },
        },
      },
    },
  },
  {
    name: "handle-request-headers",
    script: both(
      `local m = h:requestHeaders() h:logInfo(m:get(":method") .. tostring(pcall(function() m:add("x-late", "1") end)))`,
    ),
  },
  {
    name: "handle-numbers-as-text",
    script: request(
      fails +
        `fails(function() return h:base64Escape(5) end) fails(function() return h:importPublicKey("abc", 2):get() end) h:logInfo(h:base64Escape(12.5))`,
    ),
  },
  {
    name: "respond-length",
    script: request(`h:respond({ [":status"] = 200, ["content-length"] = "5" }, "abc")`),
  },
  {
    name: "respond-head",
    method: "HEAD",
    script: request(`h:respond({ [":status"] = "200" }, "body")`),
  },
  {
    name: "respond-after-body",
    body: "hello",
    script: request(
      `local b = h:body() h:respond({ [":status"] = "200" }, b:getBytes(0, b:length()))`,
    ),
  },
  {
    name: "respond-after-trailers",
    body: "hello",
    script: request(
      fails + `h:trailers() fails(function() h:respond({ [":status"] = "200" }, "x") end)`,
    ),
  },
  {
    name: "respond-then-error",
    script: `${request(`h:respond({ [":status"] = "200" }, "x")`)}\n${response(`local x x.y = 1`)}`,
  },
];
