import { test } from "node:test";
import { tryReadme } from "../support/sample-run.ts";

for (const name of [
  "hello-lua",
  "header",
  "auth",
  "ratelimit",
  "ab-routing",
  "body",
  "maintenance",
]) {
  // Envoy has no shared values for Lua.
  const skip = name === "ratelimit" && process.env["SLUICE_UNDER_TEST"] !== undefined;
  test(`${name} does what its README shows`, { skip }, (context) => tryReadme(context, name));
}
