import type { ModuleInfo } from "./wasm/module-info.ts";

/** The published versions of the ABI. */
export type AbiVersion = "0.1.0" | "0.2.0" | "0.2.1";

/** Oldest first. */
export const abiVersions: readonly AbiVersion[] = ["0.1.0", "0.2.0", "0.2.1"];

const markers = new Map(
  abiVersions.map((version) => [`proxy_abi_version_${version.replaceAll(".", "_")}`, version]),
);

/** The version that a module declares by exporting a marker function; undefined when it declares none. */
export function abiVersionOf(info: ModuleInfo): AbiVersion | undefined {
  for (const entry of info.exports) {
    const version = entry.kind === "function" ? markers.get(entry.name) : undefined;
    if (version !== undefined) return version;
  }
  return undefined;
}
