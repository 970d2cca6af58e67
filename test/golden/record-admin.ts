// Records what Envoy's admin interface answers, for test/integration/admin-golden.test.ts.
//   node test/golden/record-admin.ts [envoy]
// Needs Envoy on the PATH (or named); the tests themselves need only what is recorded.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  type AdminAnswer,
  type AdminCase,
  adminCases,
  askAdmin,
  withoutVolatile,
} from "../support/admin-golden.ts";

const folder = fileURLToPath(new URL("admin/", import.meta.url));
const envoy = process.argv[2] ?? "envoy";

const version = spawnSync(envoy, ["--version"], { encoding: "utf8" }).stdout;
const number = /version: [0-9a-f]+\/(\d+\.\d+\.\d+)\//.exec(version)?.[1];
if (number === undefined) {
  console.error(`${envoy} does not run`);
  process.exit(1);
}

async function record(name: string, cases: readonly AdminCase[]): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), "record-admin-"));
  const addressFile = path.join(work, "address");
  const flags = ["--concurrency", "2", "-l", "warning", "--use-dynamic-base-id"];
  const logPath = path.join(work, "log");
  const child = spawn(
    envoy,
    ["-c", `${name}.yaml`, "--admin-address-path", addressFile, "--log-path", logPath, ...flags],
    // The configuration names its files relative to this folder.
    { cwd: folder, stdio: "ignore" },
  );
  try {
    const address = await live(addressFile, () => child.exitCode !== null);
    const answers: AdminAnswer[] = [];
    for (const adminCase of cases) {
      answers.push(withoutVolatile(await askAdmin(address, adminCase)));
    }
    const recorded = { envoy: number, answers };
    writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(recorded, undefined, 1)}\n`);
    console.log(`${name}: ${answers.length} answers of Envoy ${number}`);
  } finally {
    child.kill();
    rmSync(work, { recursive: true });
  }
}

async function live(addressFile: string, isGone: () => boolean): Promise<string> {
  for (;;) {
    if (isGone()) throw new Error("Envoy refuses the configuration");
    await new Promise((resolve) => setTimeout(resolve, 50));
    try {
      const address = readFileSync(addressFile, "utf8").trim();
      const response = await fetch(`http://${address}/ready`);
      if (response.status === 200) return address;
    } catch {
      // Not there yet.
    }
  }
}

await record("bootstrap", adminCases.bootstrap);
await record("ecds", adminCases.ecds);
