// Whether the samples and the deployments do in Envoy what they do here:
//   ENVOY=<envoy> node -C sluice-source test/differential/samples.ts
// Their READMEs are run in Envoy, then their suites in both. The exit code is 1 when something differs.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { sluiceBin } from "../support/command.ts";

const root = path.resolve(import.meta.dirname, "../..");
const envoy = process.env["ENVOY"] ?? "envoy";
if (spawnSync(envoy, ["--version"]).status !== 0) {
  console.error(`There is no ${envoy}: install Envoy 1.40, or say by ENVOY where it is.`);
  process.exit(2);
}
const readmes = ["wasm", "lua", "deployments"].map((name) => `sample-filters/${name}.test.ts`);
const shown = run([path.join(root, "test/run.js"), ...readmes], { SLUICE_UNDER_TEST: envoy });
const suites = run([sluiceBin, "test", "--against", "envoy", "sample-filters"], { ENVOY: envoy });
process.exitCode = shown && suites ? 0 : 1;

function run(args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, [...args], options).status === 0;
}
