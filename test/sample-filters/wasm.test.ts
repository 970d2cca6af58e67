import { test } from "node:test";
import { tryReadme } from "../support/sample-run.ts";

for (const name of ["auth-callout", "body-rewrite", "local_ratelimit", "metrics"]) {
  test(`${name} does what its README shows`, (context) => tryReadme(context, name));
}
