// Builds build/my-filter.wasm.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

mkdirSync("build", { recursive: true });
const args = ["build", "-buildmode=c-shared", "-trimpath", "-o", "build/my-filter.wasm", "."];
const env = { ...process.env, GOOS: "wasip1", GOARCH: "wasm" };
const built = spawnSync("go", args, { stdio: "inherit", env });
if (built.error) {
  console.error(
    "This filter needs Go 1.24 or later, and there is no go here: install it from https://go.dev/dl",
  );
}
process.exit(built.status ?? 1);
