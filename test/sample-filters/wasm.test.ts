import { test } from "node:test";
import { tryReadme } from "../support/sample-run.ts";

for (const name of ["access-log", "auth-callout", "shared-queue", "body-rewrite", "local_ratelimit", "metrics"]) {
  test(`${name} does what its README shows`, (context) => tryReadme(context, name));
}
