import type { ServerOptions } from "../cli/options.ts";
import { ExitCode } from "../common/exit-code.ts";
import { formatProblems } from "../config/problem.ts";
import type { Configuration } from "./configuration.ts";

/** `--mode validate`: reads and prepares the configuration, says what is wrong, and gives the exit code. */
export async function validateConfiguration(
  options: ServerOptions,
  configuration: Configuration,
): Promise<number> {
  const loaded = await configuration.load(options);
  if (!loaded.ok) {
    process.stderr.write(`${formatProblems(loaded.error)}\n`);
    return ExitCode.config;
  }
  if (loaded.value.warnings.length > 0) {
    process.stderr.write(`${formatProblems(loaded.value.warnings)}\n`);
  }
  process.stdout.write(`configuration '${options.configPath ?? ""}' OK\n`);
  return ExitCode.ok;
}
