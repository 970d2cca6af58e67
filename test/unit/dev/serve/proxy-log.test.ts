import assert from "node:assert/strict";
import { test } from "node:test";
import { logEvent } from "../../../../host/src/dev/serve/proxy-log.ts";

const line = (level: string, component: string, text: string): string =>
  `[2026-11-21 20:17:22.363][18638][${level}][${component}] ${text}`;

test("logEvent() tells what is live and what is refused", () => {
  assert.deepEqual(
    logEvent(line("info", "config", `extension config 'my-filter': version "3" is in force`)),
    { kind: "live", filter: "my-filter", version: 3 },
  );
  const refused = { kind: "refused", resource: "/tmp/x/f.json", reason: "it cannot be" };
  const place = "/tmp/x/f.json:7:5:";
  const pushed = `${place} resources[0].typed_config.config["x"]: it cannot be`;
  assert.deepEqual(
    logEvent(line("warning", "config", `extension config 'my-filter' rejected: ${pushed}`)),
    refused,
  );
  const started = `${place} static_resources.listeners[0].filters[0].typed_config: it cannot be`;
  assert.deepEqual(logEvent(line("critical", "main", started)), refused);
});

test("logEvent() shows what guests log and what is wrong, and leaves out the rest", () => {
  const shown = (text: string): unknown => ({ kind: "shown", text });
  assert.deepEqual(logEvent(line("trace", "wasm", "wasm log: hi")), shown("trace: wasm log: hi"));
  assert.deepEqual(logEvent(line("error", "main", "no")), shown("error: main: no"));
  assert.deepEqual(logEvent(line("info", "main", "starting")), { kind: "other" });
  const unhooked = "envoy_on_request() function not found. Lua filter will not hook requests.";
  assert.deepEqual(logEvent(line("info", "lua", unhooked)), { kind: "other" });
  assert.deepEqual(logEvent("  0: 0xad - deep"), { kind: "more", text: "  0: 0xad - deep" });
});
