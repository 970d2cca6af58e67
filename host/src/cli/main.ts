import { fileURLToPath } from "node:url";
import { ExitCode } from "../common/exit-code.ts";
import { moduleUrl } from "../common/module-url.ts";
import { dataPlaneFlags } from "../supervisor/data-plane-flags.ts";
import { helpText, usageLine } from "./help.ts";
import type { ServerOptions } from "./options.ts";
import { parseArguments } from "./parse-arguments.ts";
import { printUsageError } from "./scan-flags.ts";
import { versionText } from "./version.ts";

/** What filter authors use; the server does not load it. */
const authorCommands: ReadonlySet<string> = new Set(["dev", "inspect", "new", "start"]);

/** Those that run filters without a server. */
const testCommands: ReadonlySet<string> = new Set(["replay", "test"]);

/** The command `sluice`: does what the arguments say and gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  if (testCommands.has(args[0] ?? "")) become("../testing/main", args);
  if (authorCommands.has(args[0] ?? "")) become("../dev/main", args);
  if (args[0] === "record") {
    const { record } = await import("./record.ts");
    return record(args.slice(1));
  }
  if (args[0] === "trace") {
    const { trace } = await import("./trace.ts");
    return trace(args.slice(1));
  }
  const parsed = parseArguments(args);
  if (!parsed.ok) return printUsageError("sluice", parsed.error, usageLine);
  switch (parsed.value.kind) {
    case "help":
      process.stdout.write(helpText());
      return ExitCode.ok;
    case "version":
      process.stdout.write(`${versionText()}\n`);
      return ExitCode.ok;
    case "run":
      return parsed.value.options.mode === "validate"
        ? become("../server/main", args)
        : serve(args, parsed.value.options);
  }
}

/** Becomes another process of ours: one that needs the flags of the data plane, and no supervisor. */
function become(entry: string, args: readonly string[]): never {
  const file = fileURLToPath(moduleUrl(entry, import.meta.url));
  process.execve!(process.execPath, [process.execPath, ...dataPlaneFlags(), file, ...args], {
    ...process.env,
  });
  throw new Error(`cannot become ${file}`);
}

async function serve(args: readonly string[], options: ServerOptions): Promise<number> {
  const { runSupervisor } = await import("../supervisor/run-supervisor.ts");
  return runSupervisor(args, options);
}
