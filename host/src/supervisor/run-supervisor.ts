import type { ServerOptions } from "../cli/options.ts";
import { ExitCode } from "../common/exit-code.ts";
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
  const { shutdownGraceMs } = options;
  return superviseDataPlane({ args, shutdownGraceMs, log, hangup: "ignore", ...more });
}
