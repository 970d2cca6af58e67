import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { VirtualProxy } from "../proxy/virtual-proxy.ts";
import type { BuildMode } from "../run/build-filters.ts";
import { coverageLines, lcovText } from "./coverage-report.ts";
import { firstMark, markBytes, markLines } from "./mark-lines.ts";
import { type Origin, readSourceMap } from "./source-map.ts";

/** Lines of a file: whether each has been run. */
export type FileCoverage = Map<number, boolean>;

/** Takes the coverage of filters that are compiled from AssemblyScript. */
export class Coverage {
  /** By path of the file. */
  readonly files = new Map<string, FileCoverage>();
  /** Lines by the SHA-256 of marked modules. */
  readonly #modules = new Map<string, readonly Origin[]>();
  readonly mode: BuildMode = {
    options: { optimize: false, sourceMap: true, reservedBytes: markBytes },
    finish: (module, sourceMap, entry) => this.#mark(module, sourceMap, entry),
  };

  /** Reads the marks of a proxy's modules. */
  collect(proxy: VirtualProxy): void {
    for (const vm of proxy.vms) {
      const lines = this.#modules.get(vm.plugin.module.sha256) ?? [];
      const { bytes } = vm.memory;
      lines.forEach(({ source, line }, i) => {
        if (bytes[firstMark + i] === 1) this.files.get(source)!.set(line, true);
      });
    }
  }

  /** The table; with a folder, lcov.info goes there. */
  report(folder: string | undefined): string[] {
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, "lcov.info"), lcovText(this.files));
    }
    return coverageLines(this.files);
  }

  #mark(module: Uint8Array, sourceMap: string, entry: string): Uint8Array {
    const folder = path.dirname(path.resolve(entry));
    // What packages bring is theirs to test, and what the compiler has written is no file.
    const isWanted = (name: string): boolean =>
      !name.startsWith("~lib/") && existsSync(path.resolve(folder, name));
    const marked = markLines(module, readSourceMap(sourceMap), isWanted);
    const lines = marked.lines.map(({ source, line }) => {
      return { source: path.resolve(folder, source), line };
    });
    for (const { source, line } of lines) {
      const file = this.files.get(source) ?? new Map<number, boolean>();
      this.files.set(source, file);
      if (!file.has(line)) file.set(line, false);
    }
    this.#modules.set(createHash("sha256").update(marked.bytes).digest("hex"), lines);
    return marked.bytes;
  }
}
