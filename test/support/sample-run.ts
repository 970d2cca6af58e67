import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, type TestContext } from "node:test";
import { assemblyScript } from "./assemblyscript.ts";
import { freePort, untilListening } from "./ports.ts";
import { readmeExamples, sampleConfig, tryExample } from "./sample-readme.ts";
import { scratchFolder, startSluice } from "./sluice-process.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** Starts the server that READMEs start, until the file's tests are over; its port. */
export async function startEcho(name = "server"): Promise<number> {
  const file = path.join(samples, "echo.js");
  const child = spawn(process.execPath, [file, "0", name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  after(() => child.kill());
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return Number(line.split(" ").at(-1));
}

/**
 * Runs a sample as its README says, on two workers, and asks what it shows. `ports`: where the servers are that the
 * configuration has on 8080 and 8081.
 */
export async function tryReadme(
  context: TestContext,
  name: string,
  ports: Readonly<Record<number, number>>,
): Promise<void> {
  const own = { 10000: await freePort(), 9901: await freePort() };
  let config = sampleConfig(name, { ...ports, ...own });
  const module = path.join(samples, name, "build", `${name}.wasm`);
  if (config.includes(module)) {
    const compiled = path.join(scratchFolder(context), `${name}.wasm`);
    writeFileSync(compiled, await assemblyScript(`sample-filters/${name}/assembly/index.ts`));
    config = config.replaceAll(module, compiled);
  }
  await startSluice(context, { config, args: ["--concurrency", "2"] });
  await untilListening(own[10000]);
  for (const example of readmeExamples(name)) await tryExample(own, example);
}
