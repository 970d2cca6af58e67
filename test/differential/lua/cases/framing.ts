import { both, type LuaCase, request, response } from "../case.ts";

const target = `{ [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }`;
const line = "what cannot stand in a request line is refused";
const noContent = "a 204 has no content-length";

/** Scripts that change what a message is framed by. */
export const framingCases: readonly LuaCase[] = [
  {
    name: "frame-te-response",
    script: response(`h:headers():add("transfer-encoding", "chunked")`),
  },
  {
    name: "frame-connection-response",
    script: response(`h:headers():add("connection", "keep-alive, x-a")`),
  },
  {
    name: "frame-status-204",
    script: response(`h:headers():replace(":status", "204")`),
    differs: noContent,
  },
  { name: "frame-status-304", script: response(`h:headers():replace(":status", "304")`) },
  { name: "frame-status-999", script: response(`h:headers():replace(":status", "999")`) },
  { name: "frame-status-add", script: response(`h:headers():add(":status", "201")`) },
  { name: "frame-path-empty", script: request(`h:headers():replace(":path", "")`) },
  { name: "frame-path-relative", script: request(`h:headers():replace(":path", "no-slash")`) },
  {
    name: "frame-path-space",
    script: request(`h:headers():replace(":path", "/a b")`),
    differs: line,
  },
  { name: "frame-path-star", script: request(`h:headers():replace(":path", "*")`) },
  {
    name: "frame-method-empty",
    script: request(`h:headers():replace(":method", "")`),
    differs: line,
  },
  { name: "frame-method-lower", script: request(`h:headers():replace(":method", "get")`) },
  {
    name: "frame-method-space",
    script: request(`h:headers():replace(":method", "GET x")`),
    differs: line,
  },
  {
    name: "frame-method-head",
    script: request(`h:headers():replace(":method", "HEAD")`),
    path: "?answer=empty",
  },
  { name: "frame-authority-empty", script: request(`h:headers():replace(":authority", "")`) },
  { name: "frame-scheme", script: request(`h:headers():replace(":scheme", "https")`) },
  { name: "frame-scheme-gone", script: request(`h:headers():remove(":scheme")`) },
  {
    name: "frame-respond-204-body",
    script: request(`h:respond({ [":status"] = "204" }, "body")`),
    differs: noContent,
  },
  { name: "frame-respond-304", script: request(`h:respond({ [":status"] = "304", etag = "x" })`) },
  {
    name: "frame-respond-before-body",
    body: "hello world",
    script: request(`h:respond({ [":status"] = "401" }, "no")`),
  },
  {
    name: "frame-respond-chunk-body",
    chunks: ["hello", "world"],
    script: request(`h:respond({ [":status"] = "401" }, "no")`),
  },
  {
    name: "frame-head-body",
    method: "HEAD",
    path: "?answer=empty",
    script: response(`h:body(true):setBytes("xyz")`),
  },
  {
    name: "frame-204-body",
    path: "?answer=no-content",
    script: response(`local b = h:body(true) b:setBytes("xyz")`),
    differs: noContent,
  },
  { name: "frame-get-body", script: request(`h:body(true):setBytes("made")`) },
  { name: "frame-body-emptied", body: "hello", script: both(`h:body():setBytes("")`) },
  {
    name: "frame-chunk-emptied",
    body: "hello",
    script: request(
      `h:headers():replace("content-length", 0) for c in h:bodyChunks() do c:setBytes("") end`,
    ),
  },
  {
    name: "frame-trailers-added",
    body: "hello",
    script: both(`h:body() h:logInfo(tostring(h:trailers()))`),
  },
  {
    name: "frame-trailers-gone",
    chunks: ["hello"],
    trailers: { "x-trailer": "one" },
    path: "?answer=trailers",
    script: both(
      `local t = h:trailers() local n = {} for k in pairs(t) do n[#n + 1] = k end for _, k in ipairs(n) do t:remove(k) end`,
    ),
  },
  {
    name: "frame-cookie-add",
    headers: { cookie: "a=1" },
    script: request(
      `h:headers():add("cookie", "b=2") h:headers():replace("cookie", h:headers():get("cookie"))`,
    ),
  },
  { name: "frame-host-add", script: request(`h:headers():add("Host", "second")`) },
  {
    name: "frame-expect",
    body: "hello",
    script: request(`h:headers():add("expect", "100-continue")`),
  },
  {
    name: "frame-date",
    script: response(
      `h:logInfo(tostring(h:headers():get("server")) .. tostring(h:headers():get("date") ~= nil)) h:headers():replace("server", "mine")`,
    ),
  },
  {
    name: "frame-call-with-body-waiting",
    body: "hello",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, 60000) local n = 0 for c in h:bodyChunks() do n = n + c:length() end h:logInfo(n)`,
    ),
  },
  {
    name: "frame-body-then-call-then-set",
    body: "hello",
    script: request(
      `local b = h:body() local text = b:getBytes(0, b:length()) h:httpCall("callout", ${target}, text, 60000) h:body():setBytes(text .. "!") h:headers():add("x-after", "1")`,
    ),
  },
  {
    name: "frame-body-call-response",
    script: response(
      `local b = h:body() local text = b:getBytes(0, 8) local m, body = h:httpCall("callout", ${target}, text, 60000) h:body():setBytes(text .. #body) h:headers():add("x-after", m[":status"])`,
    ),
  },
  {
    name: "frame-large-header",
    script: request(
      `h:headers():add("x-large", ("l"):rep(20000)) h:logInfo(#h:headers():get("x-large"))`,
    ),
  },
  {
    name: "frame-many-headers",
    script: request(`for i = 1, 90 do h:headers():add("x-" .. i, i) end`),
  },
];
