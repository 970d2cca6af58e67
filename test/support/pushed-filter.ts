import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { discoveredFilter, extensionResponse, moveInto } from "./proxy-config.ts";
import type { SluiceProcess } from "./sluice-process.ts";

/** A filter that is discovered from a file, and the versions of it. */
export class PushedFilter {
  readonly name: string;
  readonly file: string;
  readonly #kinds: readonly string[];

  /** `kinds` are names of `typeUrl`. The first version, if any, is there before the command starts. */
  constructor(folder: string, name: string, kinds: readonly string[], first?: JsonObject) {
    this.name = name;
    this.file = path.join(folder, `${name}.json`);
    this.#kinds = kinds;
    if (first !== undefined) moveInto(this.file, extensionResponse(name, "1", first));
  }

  /** Its entry in a filter chain. */
  entry(more: JsonObject = {}): JsonObject {
    return discoveredFilter(this.name, this.file, this.#kinds, more);
  }

  /** Moves a version into place, without waiting. */
  move(content: string | JsonObject): void {
    moveInto(this.file, content);
  }

  /** Moves a version into place and waits until it is in force; again, when a busy machine was too slow for it. */
  async push(sluice: SluiceProcess, version: string, typedConfig: JsonObject): Promise<void> {
    const live = `extension config '${this.name}': version "${version}" is in force`;
    const late = (): number => refusals(sluice).filter((line) => this.#wasLate(line)).length;
    const isLive = (): boolean => sluice.stderr.includes(live);
    while (!isLive()) {
      const before = late();
      moveInto(this.file, extensionResponse(this.name, version, typedConfig));
      await sluice.until(() => isLive() || late() > before, `log line ${live}`);
    }
  }

  #wasLate(line: string): boolean {
    return line.startsWith(`extension config '${this.name}' `) && / within \d+ ms/.test(line);
  }

  /** Moves something that must be refused into place; gives what is said of it. */
  async refused(sluice: SluiceProcess, content: string | JsonObject): Promise<string> {
    const before = refusals(sluice).length;
    moveInto(this.file, content);
    await sluice.until(() => refusals(sluice).length > before, `refusal of ${this.name}`);
    return refusals(sluice)[before]!.replaceAll(this.file, path.basename(this.file));
  }
}

/** What was said of versions that were not taken. */
export function refusals(sluice: SluiceProcess): string[] {
  const pattern = /\[warning\]\[config\] (extension config '[^']*' (?:rejected|failure): .*)\n/g;
  return [...sluice.stderr.matchAll(pattern)].map((match) => match[1]!);
}
