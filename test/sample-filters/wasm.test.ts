import { test } from "node:test";
import { startEcho, tryReadme } from "../support/sample-run.ts";

const server = await startEcho();

for (const name of ["body-rewrite", "local_ratelimit", "metrics"]) {
  test(`${name} does what its README shows`, (context) =>
    tryReadme(context, name, { 8080: server }));
}
