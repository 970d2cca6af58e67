import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import type { Message } from "@bufbuild/protobuf";
import { readConfigFile, readConfigText } from "../../host/src/config/input.ts";
import { Model } from "../../host/src/config/model.ts";
import { formatProblem, ProblemList } from "../../host/src/config/problem.ts";

/** A folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-config-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface ReadMessage {
  readonly message: (Message & { readonly [field: string]: unknown }) | undefined;
  /** Formatted, in the order in which they were found. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads YAML as a message of a type: structure only, or with rules and field classes (`check`). */
export function readYaml(typeName: string, text: string, check = false): ReadMessage {
  const problems = new ProblemList();
  const input = readConfigText("test.yaml", text, problems);
  return finish(typeName, { input, problems, check });
}

/** The same for a file. */
export function readFile(typeName: string, file: string, check = false): ReadMessage {
  const problems = new ProblemList();
  return finish(typeName, { input: readConfigFile(file, problems), problems, check });
}

function finish(
  typeName: string,
  read: {
    readonly input: ReturnType<typeof readConfigText>;
    readonly problems: ProblemList;
    readonly check: boolean;
  },
): ReadMessage {
  const { input, problems, check } = read;
  const model = input && new Model({ problems, source: input.source, warned: new Set() });
  const message = input && model?.read(typeName, input);
  if (message && check) model?.check(message);
  return {
    message: message as ReadMessage["message"],
    problems: problems.errors.map(formatProblem),
    warnings: problems.warnings.map(formatProblem),
  };
}
