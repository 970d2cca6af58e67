import { watch } from "node:fs";
import path from "node:path";

/** Editors write a file in several steps; what comes within this time is one change. */
const settleMs = 50;
const ignored = /(^|\/)(node_modules|\.git)(\/|$)/;
/** What suites and filters are made of; reports are not. */
const wanted = /\.(ts|lua|wasm|ya?ml)$/;

/** Runs at once, and again whenever a file beside or below the suites changes, until the process is ended. */
export async function watchSuites(
  files: readonly string[],
  run: () => Promise<number>,
): Promise<number> {
  const folders = [...new Set(files.map((file) => path.dirname(path.resolve(file))))];
  for (;;) {
    const changed = nextChange(folders);
    await run();
    await changed;
    process.stdout.write("\n");
  }
}

function nextChange(folders: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const watchers = folders.map((folder) =>
      watch(folder, { recursive: true }, (_event, name) => {
        if (name !== null && (ignored.test(name) || !wanted.test(name))) return;
        clearTimeout(timer);
        timer = setTimeout(() => {
          for (const each of watchers) each.close();
          resolve();
        }, settleMs);
      }),
    );
  });
}
