import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Finished, run } from "./command.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** The workspaces that are published. */
export const published: readonly string[] = ["abi", "host", "sdk-assemblyscript"];

/** Packs them, each with its `prepack`: the files. */
export async function pack(destination: string): Promise<string[]> {
  mkdirSync(destination);
  const workspaces = published.flatMap((name) => ["-w", name]);
  const packed = await npm(["pack", ...workspaces, "--pack-destination", destination], root);
  assert.equal(packed.code, 0, packed.stderr + packed.stdout);
  return readdirSync(destination).map((name) => path.join(destination, name));
}

/** The npm that runs beside whatever node is first in PATH; the packages' programs get this process's node. */
export function npm(args: readonly string[], cwd: string): Promise<Finished> {
  const bin = path.dirname(process.execPath);
  return run("npm", args, {
    cwd,
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env["PATH"]}` },
  });
}

/** The compiler, in the version of this checkout. */
export function assemblyscript(): string {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  return `assemblyscript@${manifest.devDependencies.assemblyscript}`;
}
