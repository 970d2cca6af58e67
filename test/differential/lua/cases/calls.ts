import { both, type LuaCase, request } from "../case.ts";

const target = `{ [":method"] = "POST", [":path"] = "/callout", [":authority"] = "auth", ["x-list"] = { "1", "2" } }`;
export const callCases: readonly LuaCase[] = [
  {
    name: "call",
    script: both(
      `local m, b = h:httpCall("callout", ${target}, "body", 60000) h:headers():add("x-got", m[":status"] .. m["x-double"] .. b:gsub("%c", "|"):sub(1, 300))`,
    ),
  },
  {
    name: "call-headers",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, 60000) local n = {} for k in pairs(m) do n[#n + 1] = k end table.sort(n) h:logInfo(table.concat(n, " "))`,
    ),
  },
  {
    name: "call-duplicates",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, { timeout_ms = 0, return_duplicate_headers = true, send_xff = false }) h:logInfo(table.concat(m["x-double"], "+"))`,
    ),
  },
  {
    name: "call-async",
    script: request(`h:logInfo(select("#", h:httpCall("callout", ${target}, nil, 100, true)))`),
  },
  {
    name: "call-timeout",
    script: request(
      `local m, b = h:httpCall("silent", ${target}, nil, 500) local n = {} for k, v in pairs(m) do n[#n + 1] = k .. "=" .. v end table.sort(n) h:logInfo(table.concat(n, " ") .. b)`,
    ),
  },
  {
    name: "call-no-host",
    script: request(
      `local m, b = h:httpCall("dead", ${target}, nil, 50) local n = {} for k, v in pairs(m) do n[#n + 1] = k .. "=" .. v end table.sort(n) h:logInfo(table.concat(n, " ") .. b)`,
    ),
  },
  {
    name: "call-body",
    script: request(
      `local b = h:body():getBytes(0, 5) local _, answer = h:httpCall("callout", ${target}, b, 0) h:headers():add("x-got", #answer > 0 and "yes" or "no")`,
    ),
    body: "hello",
  },
  {
    name: "call-respond",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, 0) h:respond({ [":status"] = "403" }, "because " .. m[":status"])`,
    ),
  },
  {
    name: "call-error",
    script: request(`h:httpCall("callout", ${target}, nil, 0)\nlocal x\nx.y = 1`),
  },
  { name: "call-unknown", script: request(`h:httpCall("unknown", ${target}, nil, 0)`) },
  { name: "call-negative", script: request(`h:httpCall("callout", ${target}, nil, -1)`) },
  {
    name: "call-option",
    script: request(`h:httpCall("callout", ${target}, nil, { nonsense = 1 })`),
  },
  { name: "call-flag", script: request(`h:httpCall("callout", ${target}, nil, 0, nil)`) },
  { name: "call-required", script: request(`h:httpCall("callout", { [":path"] = "/" }, nil, 0)`) },
  { name: "call-no-table", script: request(`h:httpCall("callout", "x", nil, 0)`) },
  {
    name: "call-sent",
    script: request(
      `h:httpCall("callout", { [":method"] = "POST", [":path"] = "/", [":authority"] = "foo", ["set-cookie"] = { "flavor=chocolate; Path=/", "variant=chewy; Path=/" } }, "hello world", 60000)`,
    ),
  },
  {
    name: "call-upper",
    script: request(
      `h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "foo", ["X-Upper"] = 1.5 }, nil, 0)`,
    ),
  },
  {
    name: "call-binary",
    script: request(
      `local _, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/?answer=bytes", [":authority"] = "foo" }, "a\\0\\255", 60000) h:logInfo(#b .. h:base64Escape(b))`,
    ),
  },
  {
    name: "call-empty",
    script: both(
      `local m, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/?answer=empty", [":authority"] = "foo" }, "", 60000) h:logInfo(m[":status"] .. tostring(b))`,
    ),
  },
  {
    name: "call-no-content",
    script: request(
      `local m, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/?answer=no-content", [":authority"] = "foo" }, nil, 60000) h:logInfo(m[":status"] .. tostring(b) .. m["x-empty"])`,
    ),
  },
  {
    name: "call-two",
    script: request(
      `local _, a = h:httpCall("callout", ${target}, nil, 60000) local _, b = h:httpCall("other", ${target}, nil, 60000) h:headers():add("x-both", #a .. "+" .. #b)`,
    ),
    body: "hello",
  },
  {
    name: "call-sync-flag",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, 5000, false) h:logInfo(m[":status"])`,
    ),
  },
  {
    name: "call-async-option",
    script: request(
      `h:logInfo(select("#", h:httpCall("callout", ${target}, nil, { asynchronous = true, timeout_ms = 60000 })))`,
    ),
  },
  {
    name: "call-options",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, { timeout_ms = 60000, trace_sampled = false, send_xff = false }) h:logInfo(m[":status"])`,
    ),
  },
  {
    name: "call-no-options",
    script: request(`local m = h:httpCall("callout", ${target}, nil, {}) h:logInfo(m[":status"])`),
  },
  {
    name: "call-reset",
    script: request(
      `local m, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/?answer=reset", [":authority"] = "foo" }, nil, 60000) h:logInfo(m[":status"] .. b)`,
    ),
  },
  {
    name: "call-cut",
    script: request(
      `local m, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/?answer=cut", [":authority"] = "foo" }, nil, 60000) h:logInfo(m[":status"] .. tostring(b))`,
    ),
  },
  {
    name: "call-refused",
    script: request(
      `local m, b = h:httpCall("refused", ${target}, nil, 60000) h:logInfo(m[":status"] .. b:match("^[^.]*"))`,
    ),
  },
  {
    name: "call-chunks-trailers",
    script: request(
      `local m, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/?answer=trailers", [":authority"] = "foo" }, nil, 60000) h:logInfo(b .. tostring(m["x-trailer"]))`,
    ),
  },
  {
    name: "call-respond-cookies",
    script: request(
      `h:httpCall("callout", ${target}, nil, 60000) h:respond({ [":status"] = "403", ["set-cookie"] = { "a=1", "b=2" } }, "nope")`,
    ),
  },
  {
    name: "call-in-both",
    script: both(
      `local _, b = h:httpCall("callout", ${target}, nil, 60000) h:headers():add("x-size", #b)`,
    ),
    body: "hello",
  },
  {
    name: "call-after-chunks",
    differs: "the end of a body comes with its last bytes, not in an empty frame of its own",
    script: request(
      `for _ in h:bodyChunks() do end local m = h:httpCall("callout", ${target}, nil, 60000) h:logInfo(m[":status"])`,
    ),
    body: "hello",
  },
  {
    name: "call-trailers-wait",
    script: both(
      `local t = h:trailers() local m = h:httpCall("callout", ${target}, nil, 60000) h:logInfo(m[":status"] .. tostring(t ~= nil))`,
    ),
    chunks: ["hello"],
    trailers: { "x-trailer": "one" },
    path: "?answer=trailers",
  },
  {
    name: "call-negative-option",
    script: request(`h:httpCall("callout", ${target}, nil, { timeout_ms = -1 })`),
  },
];
