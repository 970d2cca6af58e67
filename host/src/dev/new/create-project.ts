import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileProblem } from "../../common/file-problem.ts";
import { packageFolder } from "../../common/package-folder.ts";
import type { Result } from "../../contracts/result.ts";
import { type Language, languages } from "./new-arguments.ts";

/** What to make. */
export interface ProjectOptions {
  readonly name: string;
  readonly folder: string;
  readonly language: Language;
  /** Of this package: what the project is to be used with. */
  readonly version: string;
}

/**
 * Copies the template of the language, with the filter's name in place of the template's. The names of the files, sorted,
 * are the result; the error is one sentence. A folder that has something in it is left alone.
 */
export function createProject(options: ProjectOptions): Result<readonly string[], string> {
  const { folder, language } = options;
  try {
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (stats !== undefined && (!stats.isDirectory() || readdirSync(folder).length > 0)) {
      const mend = "give another name, or remove it";
      return { ok: false, error: `${folder} is there already; nothing was changed: ${mend}` };
    }
  } catch (error) {
    return { ok: false, error: fileProblem(folder, error) };
  }
  const template = path.join(packageFolder(import.meta.url), "templates", languages[language]);
  const files = readdirSync(template, { recursive: true, encoding: "utf8" }).filter((file) =>
    statSync(path.join(template, file)).isFile(),
  );
  const written: string[] = [];
  for (const file of files) {
    const name = targetName(file, options);
    const target = path.join(folder, name);
    try {
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, textFor(readFileSync(path.join(template, file), "utf8"), options));
    } catch (error) {
      return { ok: false, error: fileProblem(target, error) };
    }
    written.push(name);
  }
  return { ok: true, value: written.sort() };
}

/** npm leaves `.gitignore` out of packages, and takes it for its own. */
function targetName(file: string, { name }: ProjectOptions): string {
  return file === "gitignore" ? ".gitignore" : file.replace("my-filter", name);
}

/** With the name as files and packages have it, and as a library of Rust. */
function textFor(template: string, { name, version }: ProjectOptions): string {
  return template
    .replaceAll("my-filter", name)
    .replaceAll("my_filter", name.replaceAll("-", "_"))
    .replaceAll('"PACKAGE"', `"^${version}"`);
}
