import { both, type LuaCase, request, response } from "../case.ts";

/** Buffers that overflow, and messages that cannot be sent on. */
export const limitCases: readonly LuaCase[] = [
  {
    name: "limit-request-body",
    listener: "small",
    script: both(
      `h:logInfo(h:headers():get(":status") or "request") h:body() h:logInfo("resumed")`,
    ),
    body: "x".repeat(5000),
  },
  {
    name: "limit-request-body-call",
    listener: "small",
    script: request(
      `h:body() h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }, nil, 0)`,
    ),
    body: "x".repeat(5000),
  },
  {
    name: "limit-response-body",
    listener: "small",
    script: response(`h:headers():add("x-lost", "1") h:body() h:logInfo("resumed")`),
    path: "?answer=big",
  },
  {
    name: "limit-chunks",
    listener: "small",
    script: both(`local n = 0 for c in h:bodyChunks() do n = n + c:length() end h:logInfo(n)`),
    body: "x".repeat(5000),
    path: "?answer=big",
  },
  {
    name: "limit-set-response",
    listener: "small",
    script: response(`local n = h:body():setBytes(string.rep("x", 5000)) h:logInfo(n)`),
  },
  {
    name: "limit-set-request",
    listener: "small",
    script: request(`local n = h:body():setBytes(string.rep("x", 900)) h:logInfo(n)`),
    body: "x",
  },
  {
    name: "limit-set-huge",
    script: response(`h:body():setBytes(string.rep(string.rep("x", 1024), 1200))`),
  },
  {
    name: "wire-replace-places",
    script: both(
      `for _, name in ipairs({ "user-agent", "content-type", "x-custom", "accept", "x-request-id", "x-double", "cache-control", "via", "te" }) do if h:headers():get(name) then h:headers():replace(name, "new") end end`,
    ),
    headers: {
      "user-agent": "old",
      "content-type": "old",
      "x-custom": "old",
      accept: "old",
      "cache-control": "old",
      via: "old",
      te: "trailers",
      "x-last": "last",
    },
  },
  {
    name: "wire-replace-length",
    script: response(`h:headers():replace("content-length", h:headers():get("content-length"))`),
  },
  { name: "wire-no-method", script: request(`h:headers():remove(":method")`) },
  { name: "wire-no-path", script: request(`h:headers():remove(":path")`) },
  { name: "wire-no-authority", script: request(`h:headers():remove(":authority")`) },
  {
    name: "wire-no-status",
    script: response(`h:headers():remove(":status") h:body():setBytes("x")`),
  },
  { name: "wire-bad-status", script: response(`h:headers():replace(":status", "abc")`) },
  { name: "wire-empty-value", script: both(`h:headers():add("x-empty", "")`) },
  { name: "wire-nul", script: request(`h:headers():add("x-nul", "a\\0b")`) },
  { name: "wire-high-bytes", script: both(`h:headers():add("x-high", "\\128\\255\\233")`) },
  { name: "wire-tab", script: request(`h:headers():add("x-tab", "a\\tb")`) },
  {
    name: "wire-upgrade-name",
    script: request(`h:headers():add("UPPER-Name", "v") h:logInfo(h:headers():get("upper-name"))`),
  },
  {
    name: "wire-host",
    script: request(`h:logInfo(h:headers():get("host")) h:headers():replace("host", "other")`),
  },
  {
    name: "wire-bad-name",
    script: request(`h:headers():add("x y", "v")`),
    differs: "a name or value that cannot stand on the wire is refused where the script gives it",
  },
  {
    name: "wire-bad-value",
    script: request(`h:headers():add("x-a", "v\\r\\nx-b: w")`),
    differs: "a name or value that cannot stand on the wire is refused where the script gives it",
  },
  {
    name: "wire-reason",
    script: response(`h:headers():setHttp1ReasonPhrase("Slow Down")`),
    path: "?answer=teapot",
  },
  {
    name: "wire-reason-local",
    script: `${request(`h:respond({ [":status"] = "400" }, "x")`)}\n${response(`h:headers():setHttp1ReasonPhrase("Slow Down")`)}`,
  },
  { name: "wire-reason-request", script: request(`h:headers():setHttp1ReasonPhrase("Slow Down")`) },
  {
    name: "wire-teapot",
    script: response(`h:logInfo(h:headers():get(":status"))`),
    path: "?answer=teapot",
  },
  {
    name: "wire-cookies",
    script: `${request(`h:headers():add("cookie", "c=3") h:logInfo(h:headers():get("cookie") .. h:headers():getNumValues("cookie"))`)}\n${response(`local m = h:headers() h:logInfo(m:get("set-cookie") .. m:getNumValues("set-cookie")) m:add("set-cookie", "c=3")`)}`,
    headers: { cookie: "a=1" },
    path: "?answer=cookies",
  },
  {
    name: "wire-content-length",
    script: both(`h:headers():remove("content-length") h:body():setBytes("longer than before")`),
    body: "x",
  },
  {
    name: "wire-chunk-rewrite",
    script: response(
      `h:headers():replace("content-length", 2) local last for c in h:bodyChunks() do c:setBytes("") last = c end last:setBytes("ok")`,
    ),
  },
  {
    name: "wire-chunked-rewrite",
    script: response(`h:body():setBytes("1234") h:logInfo(h:body():length())`),
    path: "?answer=chunks",
  },
  {
    name: "wire-body-on-empty",
    script: response(`local n = h:body(true):setBytes("made") h:logInfo(n)`),
    path: "?answer=empty",
  },
  {
    name: "wire-no-wrap",
    script: response(`h:logInfo(tostring(h:body(false) == nil))`),
    path: "?answer=empty",
  },
  {
    name: "wire-bytes",
    script: response(
      `local b = h:body() h:logInfo(h:base64Escape(b:getBytes(0, b:length()))) h:logInfo(b:setBytes("\\x471111") .. b:getBytes(0, 5)) h:logInfo(b:setBytes("\\0\\255"))`,
    ),
    path: "?answer=bytes",
  },
  {
    name: "wire-upstream-cut",
    script: response(`h:logInfo(h:headers():get(":status")) h:body() h:logInfo("resumed")`),
    path: "?answer=cut",
  },
  {
    name: "wire-transfer-encoding",
    script: both(`h:logInfo(tostring(h:headers():get("transfer-encoding")))`),
    chunks: ["x"],
    path: "?answer=chunks",
  },
  {
    name: "wire-forwarded-for",
    script: request(`h:logInfo(h:streamInfo():downstreamRemoteAddress())`),
    headers: { "x-forwarded-for": "10.0.0.1" },
  },
];
