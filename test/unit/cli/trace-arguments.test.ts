import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTraceArguments } from "../../../host/src/cli/trace-arguments.ts";

test("parseTraceArguments() takes the plugin, where admin is, and limits", () => {
  const parsed = parseTraceArguments(["auth", "-n", "3", "--admin=[::1]:9901", "--redact", ""]);
  assert.ok(parsed.ok && parsed.value.kind === "trace");
  assert.deepEqual(parsed.value.admin, { host: "::1", port: 9901 });
  assert.equal(parsed.value.params.toString(), "guest=auth&streams=3&redact=");
});

test("parseTraceArguments() finds Unix sockets, abstract ones too, and has a default", () => {
  const place = (...args: readonly string[]): unknown => {
    const parsed = parseTraceArguments(["auth", ...args]);
    assert.ok(parsed.ok && parsed.value.kind === "trace");
    return parsed.value.admin;
  };
  assert.deepEqual(place(), { host: "127.0.0.1", port: 9901 });
  assert.deepEqual(place("--admin", "/run/admin.sock"), { socketPath: "/run/admin.sock" });
  assert.deepEqual(place("--admin", "@admin"), { socketPath: "\0admin" });
});

test("parseTraceArguments() says what is wrong in one sentence", () => {
  const error = (...args: readonly string[]): string => {
    const parsed = parseTraceArguments(args);
    assert.ok(!parsed.ok);
    return parsed.error;
  };
  assert.equal(error(), "Which plugin? Give the name of a Wasm plugin or Lua filter.");
  assert.equal(error("a", "b"), "One plugin at a time: 'a' or 'b'.");
  assert.equal(error("a", "--steams", "1"), "There is no flag --steams. Did you mean --streams?");
  assert.equal(error("a", "-n"), "-n needs a value: -n <n>.");
  assert.equal(error("a", "-n", "1", "--streams", "2"), "--streams is given twice.");
  assert.equal(
    error("a", "--admin", "nowhere"),
    "--admin: 'nowhere' is neither ip:port nor the path of a Unix socket.",
  );
  assert.match(
    error("a", "--admin-address-path", "/nowhere"),
    /^--admin-address-path \/nowhere: there is no such file/,
  );
});
