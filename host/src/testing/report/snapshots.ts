import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Failure } from "../run/check.ts";
import type { Outcome } from "../run/observed.ts";
import type { JsonMap, JsonValue, TestCase } from "../suite/suite.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { differences, sideText } from "./differences.ts";

/** Differences of one case that are told. */
const toldMax = 10;

/** What came of cases, by their names. */
type Recorded = { readonly [name: string]: JsonValue };

/** What came of the cases with `snapshot: true` when they were recorded, in a file beside the suite. */
export class Snapshots {
  readonly file: string;
  readonly #recorded: Recorded;
  readonly #updated: Record<string, JsonValue> | undefined;

  private constructor(file: string, recorded: Recorded, update: boolean) {
    this.file = file;
    this.#recorded = recorded;
    this.#updated = update ? {} : undefined;
  }

  /** Those of a suite, or why its file cannot be read. `update`: records anew instead of comparing. */
  static open(suiteFile: string, update: boolean): Snapshots | string {
    const file = suiteFile.replace(/(\.test)?\.ya?ml$/, "$1.snapshots.json");
    try {
      return new Snapshots(file, readFile(file), update);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return `${file}:1:1: these are no snapshots: ${reason}; delete the file, then run sluice test --update`;
    }
  }

  /** What differs from the snapshot; nothing for a case without one. */
  check(test: TestCase, outcome: Outcome): Failure[] {
    const step = test.steps.find(({ expectation }) => expectation?.snapshot === true);
    if (step === undefined) return [];
    const actual = plain(describeOutcome(outcome));
    if (this.#updated !== undefined) {
      this.#updated[test.name] = actual;
      return [];
    }
    const { place } = step.expectation!;
    const recorded = this.#recorded[test.name];
    if (recorded === undefined) {
      return [{ place, text: "snapshot: there is none yet; record it by sluice test --update" }];
    }
    const found = differences(recorded, actual);
    return found.slice(0, toldMax).map(({ path, left, right }) => ({
      place,
      text: `snapshot: ${path}: expected ${sideText(left)}, got ${sideText(right)}`,
    }));
  }

  /** Writes what was recorded; `kept`: names of cases that did not run this time. */
  save(kept: readonly string[]): void {
    if (this.#updated === undefined) return;
    const old = kept.flatMap((name) =>
      this.#recorded[name] === undefined ? [] : [[name, this.#recorded[name]] as const],
    );
    const all: JsonMap = { ...Object.fromEntries(old), ...this.#updated };
    if (Object.keys(all).length > 0) {
      writeFileSync(this.file, `${JSON.stringify(all, undefined, 2)}\n`);
    } else if (existsSync(this.file)) rmSync(this.file);
  }
}

/** As it is read back. */
function plain(value: JsonMap): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

function readFile(file: string): Recorded {
  if (!existsSync(file)) return {};
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof value !== "object" || value === null) throw new Error("it is no JSON object");
  return value as Recorded;
}
