import { both, type LuaCase, request, response } from "../case.ts";

export const headerCases: readonly LuaCase[] = [
  { name: "header-add", script: both(`h:headers():add("X-Added", "v") h:headers():add("n", 5)`) },
  {
    name: "header-get",
    script: both(
      `h:logInfo(tostring(h:headers():get("Host")) .. select("#", h:headers():get("no")))`,
    ),
  },
  {
    name: "header-joined",
    script: request(
      `local m = h:headers() m:add("a", "1") m:add("a", "2") m:add("r", m:get("a") .. m:getNumValues("a") .. m:getAtIndex("a", 1) .. select("#", m:getAtIndex("a", -1)))`,
    ),
  },
  {
    name: "header-inline",
    script: request(`h:headers():add("user-agent", "two") h:headers():add("cookie", "b=2")`),
    headers: { "user-agent": "one", cookie: "a=1" },
  },
  {
    name: "header-replace",
    script: both(`h:headers():replace("x-a", "new") h:headers():replace("x-b", "b")`),
    headers: { "x-a": "old" },
  },
  {
    name: "header-remove",
    script: request(`h:headers():remove("x-a")`),
    headers: { "x-a": "old" },
  },
  {
    name: "header-pairs",
    script: both(
      `for k, v in pairs(h:headers()) do if k:sub(1, 2) ~= "x-" then h:logInfo(k .. "=" .. v) end end`,
    ),
    headers: { accept: "*/*" },
  },
  {
    name: "header-modify-in-loop",
    script: request(`for k in pairs(h:headers()) do\nh:headers():add("a", "b")\nend`),
  },
  { name: "header-second-iterator", script: request(`pairs(h:headers())\npairs(h:headers())`) },
  { name: "header-no-value", script: request(`h:headers():add("a")`) },
  { name: "header-table-value", script: request(`h:headers():add("a", {})`) },
  {
    name: "header-late",
    script: request(`for _ in h:bodyChunks() do h:headers():add("a", "b") end`),
    body: "x",
  },
  { name: "header-path", script: request(`h:headers():replace(":path", "/rewritten?x=1")`) },
  { name: "header-status", script: response(`h:headers():replace(":status", "418")`) },
  {
    name: "request-headers",
    script: response(`h:headers():add("x-path", h:requestHeaders():get(":method"))`),
  },
];
