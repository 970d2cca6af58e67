import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** What a module was made of. */
interface Ingredients {
  /** Of the compiler. */
  readonly version: string;
  /** SHA-256 of what was made. */
  readonly module: string;
  /** SHA-256 by file. */
  readonly read: { readonly [file: string]: string };
  /** Files that would have been read if they had been there. */
  readonly absent: readonly string[];
}

/** Which module of an entry is meant: options differ. */
export interface BuildName {
  readonly entry: string;
  readonly options: object;
  /** Of the compiler. */
  readonly version: string;
}

/**
 * Compiled modules of former runs, the last one of each entry, in the user's cache. One is used again only while
 * everything that it was made of is the same. What cannot be read or written there is compiled.
 */
export class KeptBuilds {
  readonly #folder: string | undefined;

  /** Without a folder nothing is kept. */
  constructor(folder: string | undefined = cacheFolder()) {
    this.#folder = folder;
  }

  find(name: BuildName): Uint8Array<ArrayBuffer> | undefined {
    const file = this.#file(name);
    if (file === undefined) return undefined;
    try {
      const made = JSON.parse(readFileSync(`${file}.json`, "utf8")) as Ingredients;
      if (made.version !== name.version || !isCurrent(made)) return undefined;
      const bytes = Uint8Array.from(readFileSync(`${file}.wasm`));
      // Two processes may have written at once.
      return digest(bytes) === made.module ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  keep(
    name: BuildName,
    bytes: Uint8Array,
    { read, absent }: Pick<Ingredients, "read" | "absent">,
  ): void {
    const file = this.#file(name);
    if (file === undefined) return;
    try {
      const made: Ingredients = { version: name.version, module: digest(bytes), read, absent };
      mkdirSync(path.dirname(file), { recursive: true });
      place(`${file}.wasm`, bytes);
      place(`${file}.json`, JSON.stringify(made));
    } catch {
      // The next run compiles again.
    }
  }

  #file({ entry, options }: BuildName): string | undefined {
    if (this.#folder === undefined) return undefined;
    const key = `${path.resolve(entry)} ${JSON.stringify(options)}`;
    return path.join(this.#folder, createHash("sha256").update(key).digest("hex"));
  }
}

function isCurrent({ read, absent }: Ingredients): boolean {
  return (
    Object.entries(read).every(
      ([file, hash]) => existsSync(file) && digest(readFileSync(file)) === hash,
    ) && !absent.some((file) => existsSync(file))
  );
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Another process never sees half of it. */
function place(file: string, content: string | Uint8Array): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, content);
  renameSync(next, file);
}

/** What is compiled is trusted, so it must not lie where others may write. */
function cacheFolder(): string | undefined {
  const home = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  return path.isAbsolute(home) ? path.join(home, "sluice", "filters") : undefined;
}
