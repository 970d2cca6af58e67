import { readFileSync } from "node:fs";

/** The package's version. */
export function sluiceVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

/** What `--version` prints: ours first, then what it runs on. */
export function versionText(): string {
  const { node, v8 } = process.versions;
  return `sluice ${sluiceVersion()} (Node.js ${node}, V8 ${v8})`;
}
