import { both, type LuaCase, request, response } from "../case.ts";

const chunkSum = (name: string): string =>
  `local n = 0 for c in h:bodyChunks() do n = n + c:length() end h:logInfo("${name} " .. n)`;
const trailerText = `local t = h:trailers() h:logInfo(t and ("trailer " .. tostring(t:get("x-trailer"))) or "none")`;
const bodyText = `local b = h:body() h:logInfo("body " .. (b and b:length() or "none"))`;

const withTrailers = {
  chunks: ["hello", "world"],
  trailers: { "x-trailer": "one", "x-more": "2" },
};

/** A hook against a message without a body, with one, and with trailers. */
function shapes(name: string, script: string): LuaCase[] {
  return [
    { name: `${name}-no-body`, script, path: "?answer=empty" },
    { name: `${name}-body`, script, body: "hello", path: "?answer=chunks" },
    {
      name: `${name}-chunked`,
      script,
      chunks: ["ab", "", "cde"].filter(Boolean),
      path: "?answer=chunks",
    },
    { name: `${name}-trailers`, script, ...withTrailers, path: "?answer=trailers" },
  ];
}

/** Which parts of a message a hook sees, and when. */
export const flowCases: readonly LuaCase[] = [
  ...shapes("flow-headers", both(`h:logInfo("headers") h:headers():add("x-hook", "yes")`)),
  ...shapes("flow-chunks", both(chunkSum("sum"))),
  ...shapes("flow-trailers", both(trailerText)),
  ...shapes("flow-chunks-trailers", both(`${chunkSum("sum")} ${trailerText}`)),
  ...shapes("flow-body", both(bodyText)),
  ...shapes("flow-body-trailers", both(`${bodyText} ${trailerText}`)),
  {
    name: "flow-trailers-changed",
    script: both(
      `local t = h:trailers() t:add("x-new", "1") t:replace("x-trailer", "other") t:remove("x-more") t:remove("x-other") for k, v in pairs(t) do h:logInfo(k .. "=" .. v) end`,
    ),
    ...withTrailers,
    path: "?answer=trailers",
  },
  {
    name: "flow-trailers-after-headers",
    script: both(
      `h:trailers() h:logInfo(select(2, pcall(function() h:headers():add("a", "b") end)))`,
    ),
    body: "x",
  },
  {
    name: "flow-informational",
    script: response(`h:logInfo(h:headers():get(":status"))`),
    path: "?answer=hints",
  },
  {
    name: "flow-both-hooks",
    script: `${request(`h:headers():add("x-request", "1") h:logInfo(h:body():length())`)}\n${response(`h:headers():add("x-response", "1") h:logInfo(h:body():length())`)}`,
    body: "hello",
  },
  {
    name: "flow-head",
    script: response(`h:logInfo(tostring(h:body() == nil)) h:headers():add("x-head", "1")`),
    method: "HEAD",
    path: "?answer=empty",
  },
  {
    name: "flow-no-content",
    script: response(`h:logInfo(tostring(h:body() == nil) .. tostring(h:trailers() == nil))`),
    path: "?answer=no-content",
  },
  {
    name: "flow-body-empty",
    script: both(`local b = h:body() h:logInfo(b and b:length() or "none")`),
    body: "",
    path: "?answer=empty",
  },
  {
    name: "flow-body-empty-chunked",
    script: request(`local b = h:body() h:logInfo(b and b:length() or "none")`),
    chunks: [],
  },
  {
    name: "flow-client-leaves-in-call",
    script: request(
      `h:httpCall("silent", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }, nil, 0) h:logInfo("never")`,
    ),
    leavesAfter: 1,
  },
  {
    name: "flow-thirty-requests",
    script: request(
      `h:streamInfo():dynamicMetadata():set("f", "k", "v") h:streamInfo():dynamicMetadata()`,
    ),
    times: 30,
  },
];

/** Objects outside of their time, and errors that end a hook. */
export const scopeCases: readonly LuaCase[] = [
  {
    name: "scope-chunk",
    script: request(
      `local kept\nfor c in h:bodyChunks() do\nif kept then kept:length() end\nkept = c\nend`,
    ),
    chunks: ["hello", "world"],
    stepwise: true,
  },
  {
    name: "scope-error-then-data",
    script: request(`local foo\nfoo["bar"] = 1`),
    ...withTrailers,
  },
  {
    name: "scope-handle-kept",
    script: `${request(`if kept == nil then kept = h else\nkept:headers():add("a", "b") end`)}`,
    times: 2,
  },
  {
    name: "scope-headers-kept",
    script: `${request(`if kept == nil then kept = h:headers() else\nkept:add("a", "b") end`)}`,
    times: 2,
  },
  {
    name: "scope-error-in-loop",
    script: request(`for k, v in pairs(h:headers()) do\nlocal x\nx.y = k\nend`),
  },
  {
    name: "scope-iterator-kept",
    script: request(`local it = pairs(h:headers())\nit()\nh:body()\nit()`),
    body: "x",
  },
  {
    name: "scope-iterator",
    script: request(`local it = pairs(h:headers()) local k, v = it() h:logInfo(k .. " " .. v)`),
  },
  {
    name: "scope-broken-loop",
    script: request(`for k in pairs(h:headers()) do break end\nh:headers():add("a", "b")`),
  },
  {
    name: "scope-error-both-prefixed",
    listener: "canonical",
    script: both(`local foo\nfoo["bar"] = 1`),
  },
  {
    name: "scope-metadata-dead",
    script: request(`local m = h:metadata()\nh:body()\nm:get("m")`),
    body: "x",
  },
  {
    name: "scope-info-dead",
    script: request(`local m = h:streamInfo():dynamicMetadata()\nh:body()\nm:get("m")`),
    body: "x",
  },
  {
    name: "scope-same-object",
    script: request(
      `h:logInfo(tostring(h:headers() == h:headers()) .. tostring(h:streamInfo() == h:streamInfo()) .. tostring(h:metadata() == h:metadata()))`,
    ),
  },
  {
    name: "scope-dead-as-argument",
    script: request(`h:headers():add("n", h:body():length())`),
    body: "hello",
  },
  {
    name: "scope-coroutine",
    script: request(
      `local co = coroutine.create(function() h:headers():add("x-co", "1") coroutine.yield(7) return 8 end) local _, a = coroutine.resume(co) local _, b = coroutine.resume(co) h:logInfo(a + b)`,
    ),
  },
];
