import { createHash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Files that are kept: the ones used last. */
const filesMax = 64;

/**
 * Code that was fetched, in files named by its SHA-256, so that a start does not depend on the server that gave it.
 * What does not have its sum is not taken. A folder that cannot be written is no failure: nothing is kept then.
 */
export class CodeFiles {
  readonly #folder: string;

  constructor(folder = defaultFolder()) {
    this.#folder = folder;
  }

  read(sha256: string): Uint8Array | undefined {
    try {
      const content = readFileSync(this.#file(sha256));
      return sha256Of(content) === sha256 ? content : undefined;
    } catch {
      return undefined;
    }
  }

  write(sha256: string, code: Uint8Array): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const next = `${this.#file(sha256)}.${process.pid}`;
      writeFileSync(next, code, { mode: 0o600 });
      renameSync(next, this.#file(sha256));
      this.#removeOldest();
    } catch {
      // The next start fetches again.
    }
  }

  #file(sha256: string): string {
    return path.join(this.#folder, `${sha256}.wasm`);
  }

  #removeOldest(): void {
    const files = readdirSync(this.#folder).map((name) => path.join(this.#folder, name));
    if (files.length <= filesMax) return;
    const byAge = files
      .map((file) => ({ file, at: statSync(file).mtimeMs }))
      .sort((a, b) => a.at - b.at);
    for (const { file } of byAge.slice(0, files.length - filesMax)) rmSync(file, { force: true });
  }
}

export function sha256Of(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function defaultFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
  return path.join(cache, "sluice", "wasm");
}
