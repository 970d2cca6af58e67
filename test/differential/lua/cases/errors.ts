import { both, type LuaCase, request } from "../case.ts";

export const errorCases: readonly LuaCase[] = [
  { name: "nil-index", script: both(`local foo\nfoo["bar"] = 1`) },
  { name: "nil-call", script: request(`nothing()`) },
  { name: "nil-method", script: request(`h:nothing()`) },
  { name: "error-string", script: request(`error("boom")`) },
  { name: "error-level", script: request(`error("boom", 0)`) },
  { name: "error-number", script: request(`error(42)`) },
  { name: "error-table", script: request(`error({})`) },
  {
    name: "error-pcall",
    script: request(`h:logInfo(select(2, pcall(function() local x; x.y = 1 end)))`),
  },
  { name: "yield", script: request(`coroutine.yield()`) },
  { name: "log-table", script: request(`h:logTrace({})`) },
  {
    name: "log-levels",
    script: request(
      `h:logInfo("i") h:logWarn("w") h:logErr("e") h:logCritical("c") h:headers():logInfo(1.5)`,
    ),
  },
  {
    name: "log-utf8",
    script: request(
      `h:logInfo("gr\\195\\188\\195\\159e") h:logInfo("one\\ntwo") h:logInfo("a\\tb")`,
    ),
  },
  {
    name: "log-control",
    script: request(`h:logInfo("a\\0b\\27c")`),
    differs: "control characters are shown as \\x00 in the log",
  },
  { name: "no-hooks", script: "x = 1" },
  { name: "global-kept", script: "n = 0\n" + request(`n = n + 1 h:headers():add("x-n", n)`) },
  { name: "hook-reassigned", script: request(`envoy_on_request = nil h:headers():add("x", "1")`) },
];
