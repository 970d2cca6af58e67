import { fstatSync } from "node:fs";
import type { ServerOptions } from "../cli/options.ts";
import { ExitCode } from "../common/exit-code.ts";
import { appendOnly } from "../common/libc.ts";
import { superviseDataPlane, type SupervisorSettings } from "./supervisor.ts";
import { SupervisorLog } from "./supervisor-log.ts";

/** Serves as `options` say (which were read from `args`) until a signal ends it; gives the exit code. */
export async function runSupervisor(
  args: readonly string[],
  options: ServerOptions,
  more: Partial<SupervisorSettings> = {},
): Promise<number> {
  let log: SupervisorLog;
  try {
    const own = options.componentLogLevels.findLast(({ component }) => component === "main");
    log = new SupervisorLog(own?.level ?? options.logLevel, options.logPath);
  } catch (error) {
    process.stderr.write(`sluice: cannot log to ${options.logPath}: ${String(error)}\n`);
    return ExitCode.runTime;
  }
  // Both processes write to stdout and stderr, which may be one file.
  for (const fd of [1, 2]) if (isFile(fd)) appendOnly(fd);
  const { shutdownGraceMs } = options;
  return superviseDataPlane({ args, shutdownGraceMs, log, hangup: "ignore", ...more });
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
