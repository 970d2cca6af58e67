import { type LuaCase, request, response } from "../case.ts";

export const respondCases: readonly LuaCase[] = [
  {
    name: "respond",
    script: request(
      `h:respond({ [":status"] = "403", ["x-a"] = { "1", "2" } }, "nope") h:logInfo("not reached")`,
    ),
  },
  {
    name: "respond-type",
    script: request(
      `h:respond({ [":status"] = 200, ["content-type"] = "application/json" }, "{}")`,
    ),
  },
  { name: "respond-empty", script: request(`h:respond({ [":status"] = "204" })`) },
  { name: "respond-status", script: request(`h:respond({ [":status"] = "100" }, "x")`) },
  { name: "respond-no-status", script: request(`h:respond({}, "x")`) },
  { name: "respond-no-table", script: request(`h:respond("x")`) },
  { name: "respond-response", script: response(`h:respond({ [":status"] = "403" }, "nope")`) },
  {
    name: "respond-late",
    script: request(`for _ in h:bodyChunks() do\nh:respond({ [":status"] = "403" }, "nope")\nend`),
    body: "x",
  },
  {
    name: "respond-both",
    script: `${request(`h:respond({ [":status"] = "302", location = "/x" })`)}\n${response(`h:headers():add("x-seen", h:headers():get(":status"))`)}`,
  },
];
