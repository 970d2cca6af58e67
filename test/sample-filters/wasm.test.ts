import { test } from "node:test";
import { tryReadme } from "../support/sample-run.ts";

const names = [
  "access-log",
  "auth-callout",
  "body-rewrite",
  "hello",
  "jwt",
  "line-protocol",
  "local_ratelimit",
  "metrics",
  "protocol-sniffer",
  "shared-queue",
];

for (const name of names) {
  // Envoy has no listener filters in Wasm.
  const skip = name === "protocol-sniffer" && process.env["SLUICE_UNDER_TEST"] !== undefined;
  test(`${name} does what its README shows`, { skip }, (context) => tryReadme(context, name));
}
