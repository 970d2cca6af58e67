import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileProblem, unreadable } from "../common/file-problem.ts";

const suitePattern = /\.test\.ya?ml$/;
/** One that is named may be called otherwise. */
const yamlPattern = /\.ya?ml$/;
const noSuite = "this is no suite: suites are YAML files, such as my-filter.test.yaml";
/** Folders that hold no suites of one's own. */
const skipped = new Set(["node_modules", ".git"]);

/** The suites that these paths name or hold, in order; an error names the path that cannot be read. */
export function findSuites(
  paths: readonly string[],
): { readonly files: readonly string[] } | { readonly error: string } {
  const files: string[] = [];
  for (const each of paths) {
    try {
      if (!statSync(each).isDirectory()) {
        const problem = yamlPattern.test(each) ? unreadable(each) : `${each}: ${noSuite}`;
        if (problem !== undefined) return { error: problem };
        files.push(path.normalize(each));
      } else files.push(...below(each));
    } catch (error) {
      const { path: place } = error as NodeJS.ErrnoException;
      return { error: fileProblem(place ?? each, error) };
    }
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
