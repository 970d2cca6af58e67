import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { printUsageError } from "../../cli/scan-flags.ts";
import { ExitCode } from "../../common/exit-code.ts";
import { buildFilter } from "../../filter-source/build-filter.ts";
import { inspectModule } from "../inspect/module-report.ts";
import { portProblem } from "../proxy/port-problem.ts";
import {
  type DevCommand,
  devHelp,
  type DevPlace,
  devUsage,
  parseDevArguments,
} from "./dev-arguments.ts";
import { FilterSession } from "./filter-session.ts";

/** `sluice dev`; gives the exit code. Ends with the proxy. */
export async function serveFilters(args: readonly string[]): Promise<number> {
  const parsed = parseDevArguments(args);
  if (!parsed.ok) return printUsageError("sluice dev", parsed.error, devUsage);
  if (parsed.value === "help") {
    process.stdout.write(devHelp());
    return ExitCode.ok;
  }
  const command = parsed.value;
  const { port, adminPort } = command;
  const problem =
    (await portProblem(port, "--port")) ??
    (adminPort === undefined ? undefined : await portProblem(adminPort, "--admin-port"));
  if (problem !== undefined) {
    process.stderr.write(`sluice: ${problem}\n`);
    return ExitCode.runTime;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-dev-"));
  try {
    const place = command.place ?? (await placeOf(command));
    return await new FilterSession(command, folder, place).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where the filter stands, by its callbacks. What cannot be told is said when it is to run. */
async function placeOf({ filters }: DevCommand): Promise<DevPlace> {
  const [first, another] = filters;
  if (another !== undefined) return "http";
  const built = await buildFilter(first!.file, { optimize: false });
  if (!built.ok || built.filter.kind === "lua") return "http";
  const inspected = await inspectModule(built.filter.bytes, "Sluice");
  const places = inspected.ok ? inspected.value.places : [];
  if (places.includes("HTTP filter")) return "http";
  if (places.includes("listener filter")) return "listener";
  if (places.includes("network filter")) return "network";
  return places.includes("access logger") ? "access-log" : "http";
}
