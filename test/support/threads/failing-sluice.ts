// `sluice` with workers that fail on request: node failing-sluice.ts <sluice's arguments>.
import { parseArguments } from "../../../host/src/cli/parse-arguments.ts";
import { runSupervisor } from "../../../host/src/supervisor/run-supervisor.ts";

const args = process.argv.slice(2);
const parsed = parseArguments(args);
if (!parsed.ok || parsed.value.kind !== "run") throw new Error("wrong arguments");
const entry = new URL("./failing-data-plane.ts", import.meta.url);
process.exit(await runSupervisor(args, parsed.value.options, { entry }));
