import type { ServerOptions } from "../cli/options.ts";
import { ExitCode } from "../common/exit-code.ts";
import { LogLevels } from "../common/log/levels.ts";
import { createLoggerSource, type ThreadLoggers } from "../common/log/logger-source.ts";
import { claimEpochMemory, createEpochMemory } from "../guest/limits/epoch.ts";
import { startWatchdog, type Watchdog } from "../guest/limits/watchdog.ts";
import type { Configuration } from "./configuration.ts";
import { Server } from "./server.ts";

/**
 * The data-plane process: checks the configuration or serves it. `runtimeUrl` stands in for the workers' data
 * plane in tests.
 */
export async function runDataPlane(options: ServerOptions, runtimeUrl?: string): Promise<void> {
  const levels = new LogLevels();
  levels.setAll(options.logLevel);
  for (const { component, level } of options.componentLogLevels) levels.set(component, level);
  const loggers = createLoggerSource({ levels, path: options.logPath });
  if (options.mode === "validate") return validate(options, loggers);
  if (!process.connected) throw new Error("the data plane is started by `sluice`");
  const server = new Server({
    options,
    loggers,
    runtimeUrl,
    async assemble() {
      const watchdog = watchGuests(loggers);
      const configuration = await createConfiguration(loggers, watchdog);
      const { serverComponents } = await import("./serve.ts");
      return serverComponents({ options, levels, loggers, watchdog, configuration });
    },
  });
  await server.start();
}

async function validate(options: ServerOptions, loggers: ThreadLoggers): Promise<void> {
  const configuration = await createConfiguration(loggers, watchGuests(loggers));
  const { validateConfiguration } = await import("./validate.ts");
  const exitCode = await validateConfiguration(options, configuration);
  loggers.flush();
  process.exit(exitCode);
}

function watchGuests(loggers: ThreadLoggers): Watchdog {
  return startWatchdog((error) => {
    loggers.logger("main").critical(`guests cannot be limited any more: ${error.message}`);
    loggers.flush();
    process.exit(ExitCode.runTime);
  });
}

// Imported late: workers start first, and load their modules beside this thread.
async function createConfiguration(
  loggers: ThreadLoggers,
  watchdog: Watchdog,
): Promise<Configuration> {
  const guestEpoch = createEpochMemory();
  claimEpochMemory(guestEpoch);
  watchdog.watch(guestEpoch);
  const module = await import("./configuration.ts");
  const { registry } = await import("../extensions/all.ts");
  return new module.Configuration({ registry, loggers, guestEpoch });
}
