import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDemoArguments } from "../../../../host/src/dev/demo/demo-arguments.ts";

test("parseDemoArguments() takes its own flags and leaves the others to the proxy", () => {
  assert.deepEqual(parseDemoArguments([]), {
    ok: true,
    value: { proxyPort: 10_000, adminPort: 9901, rest: [] },
  });
  const args = ["-l", "debug", "--port", "8080", "--concurrency=1", "--admin-port=8081"];
  assert.deepEqual(parseDemoArguments(args), {
    ok: true,
    value: { proxyPort: 8080, adminPort: 8081, rest: ["-l", "debug", "--concurrency=1"] },
  });
});

test("parseDemoArguments() refuses what is no port", () => {
  for (const [args, value] of [
    [["--port", "http"], "http"],
    [["--port"], ""],
    [["--port=0"], "0"],
    [["--port", "65536"], "65536"],
  ] as const) {
    const error = `--port '${value}' is not a port: give a number from 1 to 65535`;
    assert.deepEqual(parseDemoArguments(args), { ok: false, error });
  }
});
