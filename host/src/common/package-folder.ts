import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package that a module belongs to: where the nearest `package.json` is. */
export function packageFolder(importMetaUrl: string): string {
  let folder = path.dirname(fileURLToPath(importMetaUrl));
  while (!existsSync(path.join(folder, "package.json"))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`${importMetaUrl} is in no package`);
    folder = parent;
  }
  return folder;
}
