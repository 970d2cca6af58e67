import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { printUsageError } from "../../cli/scan-flags.ts";
import { sluiceVersion } from "../../cli/version.ts";
import { ExitCode } from "../../common/exit-code.ts";
import { portProblem } from "../proxy/port-problem.ts";
import { serveFilters } from "../serve/serve-filters.ts";
import { createProject } from "./create-project.ts";
import {
  type Language,
  type NewCommand,
  newHelp,
  newUsage,
  parseNewArguments,
} from "./new-arguments.ts";

/** `sluice new`; gives the exit code. */
export async function newFilter(args: readonly string[]): Promise<number> {
  const parsed = parseNewArguments(args);
  if (!parsed.ok) return printUsageError("sluice new", parsed.error, newUsage);
  if (parsed.value === "help") {
    process.stdout.write(newHelp());
    return ExitCode.ok;
  }
  const command = parsed.value;
  const { devPort } = command;
  const problem = devPort === undefined ? undefined : await portProblem(devPort, "--port");
  if (problem !== undefined) return failed(problem);
  const created = createProject({ ...command, version: sluiceVersion() });
  if (!created.ok) return failed(created.error);
  console.log(`${created.value.map((file) => path.join(command.folder, file)).join("\n")}\n`);
  if (devPort !== undefined) return serveFilters([command.folder, "--port", String(devPort)]);
  console.log(nextSteps(command));
  return ExitCode.ok;
}

function failed(text: string): number {
  process.stderr.write(`sluice: ${text}\n`);
  return ExitCode.runTime;
}

function nextSteps({ folder, language }: NewCommand): string {
  const tool = tools[language];
  const missing = tool === undefined || isThere(tool.program) ? [] : [tool.missing];
  const installed = isInstalledFor(folder);
  const steps = [
    `cd ${folder}`,
    ...(installed ? [] : ["npm install          # Sluice, and what the filter is built with"]),
    "npm test             # its suite",
    "npm run dev          # a proxy with the filter; save the source, and it is swapped",
  ];
  return [...missing, "Next:", ...steps.map((step) => `  ${step}`)].join("\n");
}

/** What has to be installed besides npm's packages. */
const tools: {
  readonly [language in Language]?: { readonly program: string; readonly missing: string };
} = {
  rust: {
    program: "cargo",
    missing:
      "Rust is not installed here, and the filter is built with it: see https://rustup.rs, then rustup target add wasm32-wasip1\n",
  },
  go: {
    program: "go",
    missing:
      "Go is not installed here, and the filter is built with it (1.24 or later): see https://go.dev/dl\n",
  },
};

function isThere(program: string): boolean {
  return spawnSync(program, ["version"], { stdio: "ignore" }).error === undefined;
}

/** Whether npm's scripts in the folder find the command: it is installed there or further up. */
function isInstalledFor(folder: string): boolean {
  const manifest = pathToFileURL(path.resolve(folder, "package.json")).href;
  const places = createRequire(manifest).resolve.paths("@sluice/host") ?? [];
  return places.some((place) => existsSync(path.join(place, "@sluice/host/package.json")));
}
