import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { scratchFolder, type Cleanup } from "./sluice-process.ts";

const root = path.resolve(import.meta.dirname, "../..");
const workspaces = ["abi", "host", "sdk-assemblyscript", "sample-filters"];
const leftOut = new Set(["node_modules", "dist", "build", ".cache"]);

/** A checkout of its own whose sources a test may change: the packages are copied, what they depend on is linked. */
export function copyCheckout(cleanup: Cleanup): string {
  const copy = scratchFolder(cleanup);
  cpSync(path.join(root, "package.json"), path.join(copy, "package.json"));
  for (const name of workspaces) {
    const filter = (source: string): boolean => !leftOut.has(path.basename(source));
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true, filter });
    linkModules(path.join(root, name, "node_modules"), path.join(copy, name, "node_modules"));
  }
  linkModules(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  mkdirSync(path.join(copy, "node_modules/@sluice"));
  for (const name of workspaces) {
    symlinkSync(path.join(copy, name), path.join(copy, "node_modules/@sluice", name));
  }
  return copy;
}

function linkModules(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name !== "@sluice") symlinkSync(path.join(from, name), path.join(to, name));
  }
}
