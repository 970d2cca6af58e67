import assert from "node:assert/strict";
import { test } from "node:test";
import { connectErrorText } from "../../../host/src/network/connect-error.ts";

const failed = (code?: string) => Object.assign(new Error("message"), code && { code });
const ip = { kind: "ip", ip: "192.0.2.1", port: 80, family: 4 } as const;
const pipe = { kind: "pipe", path: "/run/x.sock", mode: 0 } as const;

test("connectErrorText() tells what the network answered from what connect(2) refused", () => {
  assert.equal(
    connectErrorText(failed("ECONNREFUSED"), ip),
    "delayed connect error: Connection refused",
  );
  assert.equal(
    connectErrorText(failed("ENETUNREACH"), ip),
    "immediate connect error: Network is unreachable|remote address:192.0.2.1:80",
  );
  assert.equal(
    connectErrorText(failed("ECONNREFUSED"), pipe),
    "immediate connect error: Connection refused|remote address:/run/x.sock",
  );
});

test("connectErrorText() gives the code, or the message, of what it does not know", () => {
  assert.match(connectErrorText(failed("EWEIRD"), ip), /^immediate connect error: EWEIRD\|/);
  assert.match(connectErrorText(failed(), ip), /^immediate connect error: message\|/);
});
