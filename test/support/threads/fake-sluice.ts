// A supervisor with a fake data plane, as a command: node fake-sluice.ts <sluice's arguments>.
import { parseArguments } from "../../../host/src/cli/parse-arguments.ts";
import type { Address } from "../../../host/src/contracts/address.ts";
import { runSupervisor } from "../../../host/src/supervisor/run-supervisor.ts";
import type { FakeExtension } from "./fake-runtime.ts";

/** What the fake data plane is configured with. */
export interface FakeConfig {
  readonly listeners: readonly Address[];
  readonly reusePort?: boolean;
  /** The configuration is refused with this text. */
  readonly problem?: string;
  readonly exitWhileLoading?: number;
  readonly neverLoads?: boolean;
  /** What workers do when they stage. */
  readonly extension?: FakeExtension;
  readonly dieWhenLive?: boolean;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const parsed = parseArguments(args);
  if (!parsed.ok || parsed.value.kind !== "run") throw new Error("wrong arguments");
  const entry = new URL("./fake-data-plane.ts", import.meta.url);
  process.exit(await runSupervisor(args, parsed.value.options, { entry }));
}
