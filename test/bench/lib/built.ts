import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { nodePath, root } from "./child.ts";

/** Builds the command as it is published, in a folder of its own; gives the path of `sluice.js`. */
export function builtCommand(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-built-"));
  const host = path.join(folder, "host");
  for (const part of ["bin", "proto", "package.json"]) {
    cpSync(path.join(root, "host", part), path.join(host, part), { recursive: true });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const args = [path.join(root, "host/build.js"), path.join(host, "dist")];
  const built = spawnSync(nodePath, args, { stdio: "inherit" });
  if (built.status !== 0) throw new Error("host/build.js failed");
  return path.join(host, "bin/sluice.js");
}
