import { watch } from "node:fs";
import path from "node:path";

/**
 * Editors write a file in several steps: what comes within this time is one save. Programs have several files, which are
 * saved together; modules are written by compilers, which take their time.
 */
const settleMs: { readonly [extension: string]: number } = { ".lua": 5, ".ts": 30, ".wasm": 100 };

/**
 * Calls `onSave` whenever the file is saved; for AssemblyScript, whenever a source in its folder or below is. The
 * folder is watched, since editors replace files.
 */
export function watchSource(file: string, onSave: () => void): { close(): void } {
  const extension = path.extname(file);
  const isProgram = extension === ".ts";
  const wait = settleMs[extension];
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(path.dirname(path.resolve(file)), { recursive: isProgram }, (_, name) => {
    const concerns = isProgram ? name?.endsWith(".ts") : name === path.basename(file);
    if (concerns !== true) return;
    clearTimeout(timer);
    timer = setTimeout(onSave, wait);
  });
  return {
    close(): void {
      clearTimeout(timer);
      watcher.close();
    },
  };
}

/** Runs `work` again when it was asked for while it ran, and never twice at once. */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await work();
    }
    running = false;
  };
}
