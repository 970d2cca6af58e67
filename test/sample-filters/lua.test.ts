import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { canConnect, freePort } from "../support/ports.ts";
import { readmeExamples, sampleConfig, tryExample } from "../support/sample-readme.ts";
import { startSluice } from "../support/sluice-process.ts";

// Each sample in Lua does what its README shows, with the server that the README starts.

const [server, canary] = await Promise.all([startEcho("server"), startEcho("canary")]);

async function startEcho(name: string): Promise<number> {
  const file = path.resolve(import.meta.dirname, "../../sample-filters/echo.js");
  const child = spawn(process.execPath, [file, "0", name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  after(() => child.kill());
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return Number(line.split(" ").at(-1));
}

async function tryReadme(context: TestContext, name: string): Promise<void> {
  const port = await freePort();
  await startSluice(context, {
    config: sampleConfig(name, { 10000: port, 8080: server, 8081: canary }),
    args: ["--concurrency", "2"],
  });
  // Envoy says that it serves before it does.
  for (let tries = 0; tries < 400 && !(await canConnect(port)); tries += 1) await setTimeout(50);
  for (const example of readmeExamples(name)) await tryExample(port, example);
}

for (const name of ["header", "auth", "ratelimit", "ab-routing", "body", "maintenance"]) {
  const skip = name === "ratelimit" && process.env["SLUICE_UNDER_TEST"] !== undefined;
  test(`${name} does what its README shows`, { skip }, (context) => tryReadme(context, name));
}
