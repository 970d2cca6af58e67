import path from "node:path";

/** Why a file is no module, and what mends it. `error`: what the reader of the format says. */
export function noModuleText(file: string, bytes: Uint8Array, error: string): string {
  if (/\.(ts|js|rs|go|wat)$/.test(file)) {
    return `${error}; this is source: build it first, or run it with sluice dev`;
  }
  if (path.extname(file) !== ".wasm") return `${error}; give a .wasm file`;
  return bytes.length === 0 ? "the file is empty: build it again" : `${error}; build it again`;
}
