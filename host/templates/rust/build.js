// Builds build/my-filter.wasm.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";

const target = "wasm32-wasip1";
const built = spawnSync("cargo", ["build", "--release", "--target", target], { stdio: "inherit" });
if (built.error) {
  console.error(
    "This filter needs Rust, and there is no cargo here: install it from https://rustup.rs, then run",
  );
  console.error(`  rustup target add ${target}`);
  process.exit(1);
}
if (built.status !== 0) {
  console.error(`If the target is what is missing: rustup target add ${target}`);
  process.exit(built.status ?? 1);
}
mkdirSync("build", { recursive: true });
const folder = process.env.CARGO_TARGET_DIR ?? "target";
copyFileSync(`${folder}/${target}/release/my_filter.wasm`, "build/my-filter.wasm");
