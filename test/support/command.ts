import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command of this checkout. */
export const sluiceBin = fileURLToPath(new URL("../../host/bin/sluice.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: unknown) => (stdout += String(text)));
    child.stderr.setEncoding("utf8").on("data", (text: unknown) => (stderr += String(text)));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Runs `sluice` of this checkout to its end. */
export function sluice(...args: string[]): Promise<Finished> {
  return run(process.execPath, [sluiceBin, ...args]);
}
