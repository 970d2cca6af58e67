import { both, type LuaCase, request } from "../case.ts";

export const bodyCases: readonly LuaCase[] = [
  {
    name: "body-set-bad",
    script: request(
      `local b = h:body() b:setBytes("abc")\npcall(b.setBytes, b, {})\nh:headers():add("x-left", b:length()) b:setBytes("done")`,
    ),
    body: "hello",
  },
  {
    name: "body-wrap-get",
    script: both(`h:body(true)`),
  },
  {
    name: "call-then-body",
    script: request(
      `h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }, nil, 0)\nh:logInfo(h:body():length())`,
    ),
    body: "hello",
  },
  {
    name: "pcall-call",
    script: request(
      `local ok, m = pcall(h.httpCall, h, "callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a", host = "a" }, nil, 0) h:logInfo(tostring(ok) .. m[":status"])`,
    ),
  },
  {
    name: "body-length",
    script: both(`local b = h:body() h:headers():add("x-length", b and b:length() or "none")`),
    body: "hello",
  },
  { name: "body-none", script: request(`h:logInfo(tostring(h:body() == nil))`) },
  { name: "body-set", script: both(`h:body():setBytes("changed\\0bytes")`), body: "hello" },
  {
    name: "body-wrap",
    script: request(`local b = h:body(true) h:headers():add("x-set", b:setBytes("made"))`),
    method: "POST",
  },
  { name: "body-wrap-no", script: request(`h:body("x")`) },
  {
    name: "body-bytes",
    script: request(`local b = h:body() h:headers():add("x", b:getBytes(1, 3)) b:getBytes(3, 9)`),
    body: "hello",
  },
  { name: "body-twice", script: request(`h:body() h:logInfo(h:body():length())`), body: "hello" },
  {
    name: "body-then-chunks",
    script: request(`h:body()\nfor _ in h:bodyChunks() do end`),
    body: "hello",
  },
  {
    name: "body-object-dead",
    script: request(`local m = h:headers()\nh:body()\nm:add("a", "b")`),
    body: "hello",
  },
  {
    name: "body-in-chunks",
    differs: "the end of a body comes with its last bytes, not in an empty frame of its own",
    script: request(`for _ in h:bodyChunks() do\nh:body()\nend`),
    body: "hello",
  },
  { name: "trailers-then-body", script: request(`h:trailers()\nh:body()`), body: "hello" },
  { name: "trailers-none", script: both(`h:logInfo(tostring(h:trailers() == nil))`) },
  { name: "chunked-body", script: request(`h:logInfo(h:body():length())`), chunks: ["ab", "cde"] },
  {
    name: "chunks-none",
    script: request(`for _ in h:bodyChunks() do h:logInfo("no") end h:logInfo("after")`),
  },
  {
    name: "chunks-replace",
    differs: "the end of a body comes with its last bytes, not in an empty frame of its own",
    script: request(
      `h:headers():remove("content-length") local last for c in h:bodyChunks() do last = c end last:setBytes("x")`,
    ),
    body: "hello",
  },
];
