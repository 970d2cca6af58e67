import { readFileSync, statSync } from "node:fs";

/** Longest file that `require` reads, in bytes. */
const fileMax = 1_048_576;

/** A module that scripts get by `require`: plain data. */
export interface ModuleSource {
  readonly source: Uint8Array;
  /** What messages call it: `@name` prints as `name`. */
  readonly chunkName: string;
}

/** Where `require` looks for what is not loaded yet. */
export interface ModuleFinder {
  /** `path`: templates as in `package.path`. The text says where it was looked for in vain. */
  find(name: string, path: string): ModuleSource | string;
}

/** On workers: what the script was given, and what its trial on the main thread has read. */
export class GivenModules implements ModuleFinder {
  readonly #modules: ReadonlyMap<string, ModuleSource>;

  constructor(modules: ReadonlyMap<string, ModuleSource>) {
    this.#modules = modules;
  }

  find(name: string): ModuleSource | string {
    return (
      this.#modules.get(name) ??
      "\n\tno configured module\n\tfiles are read while the configuration is loaded: require it in the main chunk"
    );
  }
}

/** On the main thread: reads files, and remembers them for the workers. */
export class ModuleFiles implements ModuleFinder {
  readonly modules: Map<string, ModuleSource>;

  constructor(given: ReadonlyMap<string, ModuleSource>) {
    this.modules = new Map(given);
  }

  find(name: string, path: string): ModuleSource | string {
    const known = this.modules.get(name);
    if (known !== undefined) return known;
    let tried = "\n\tno configured module";
    for (const template of path.split(";")) {
      const file = template.replaceAll("?", name.replaceAll(".", "/"));
      const source = file.includes("\0") ? undefined : readFile(file);
      if (source !== undefined) {
        const found = { source, chunkName: `@${file}` };
        this.modules.set(name, found);
        return found;
      }
      tried += `\n\tno file '${file}'`;
    }
    return tried;
  }
}

/** Devices and pipes are no modules: reading one may never end. */
function readFile(file: string): Buffer | undefined {
  try {
    const found = statSync(file);
    return found.isFile() && found.size <= fileMax ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}
