import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

const suitePattern = /\.test\.ya?ml$/;
/** Folders that hold no suites of one's own. */
const skipped = new Set(["node_modules", ".git"]);

/** The suites that these paths name or hold, in order; an error names the path that does not exist. */
export function findSuites(
  paths: readonly string[],
): { readonly files: readonly string[] } | { readonly error: string } {
  const files: string[] = [];
  for (const each of paths) {
    if (!existsSync(each)) return { error: `there is no file or folder ${each}` };
    if (statSync(each).isFile()) files.push(path.normalize(each));
    else files.push(...below(each));
  }
  return { files: [...new Set(files)] };
}

function below(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : below(file);
    return suitePattern.test(entry.name) ? [file] : [];
  });
}
