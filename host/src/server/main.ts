import { parseArguments } from "../cli/parse-arguments.ts";
import type { ServerOptions } from "../cli/options.ts";
import { ExitCode } from "../common/exit-code.ts";
import { LogLevels } from "../common/log/levels.ts";
import { createLoggerSource } from "../common/log/logger-source.ts";
import { registry } from "../extensions/all.ts";
import { claimEpochMemory, createEpochMemory } from "../guest/limits/epoch.ts";
import { startWatchdog } from "../guest/limits/watchdog.ts";
import { Configuration } from "./configuration.ts";
import { serve } from "./serve.ts";
import { validate } from "./validate.ts";

/** The data-plane process's entry; its arguments are those of the command. */
async function main(options: ServerOptions): Promise<void> {
  const levels = new LogLevels();
  levels.setAll(options.logLevel);
  for (const { component, level } of options.componentLogLevels) levels.set(component, level);
  const loggers = createLoggerSource({ levels, path: options.logPath });
  const watchdog = startWatchdog((error) => {
    loggers.logger("main").critical(`guests cannot be limited any more: ${error.message}`);
    loggers.flush();
    process.exit(ExitCode.runTime);
  });
  const guestEpoch = createEpochMemory();
  claimEpochMemory(guestEpoch);
  watchdog.watch(guestEpoch);
  const configuration = new Configuration({ registry, loggers, guestEpoch });
  if (options.mode === "validate") {
    const exitCode = await validate(options, configuration);
    loggers.flush();
    process.exit(exitCode);
  }
  if (!process.connected) throw new Error("the data plane is started by `sluice`");
  await serve({ options, levels, loggers, watchdog, configuration, registry });
}

// The command has checked them.
const parsed = parseArguments(process.argv.slice(2));
if (!parsed.ok || parsed.value.kind !== "run") throw new Error("wrong arguments");
await main(parsed.value.options);
