// The entry of a data-plane process whose workers fail on request.
import { parseArguments } from "../../../host/src/cli/parse-arguments.ts";
import { runDataPlane } from "../../../host/src/server/data-plane.ts";

const parsed = parseArguments(process.argv.slice(2));
if (!parsed.ok || parsed.value.kind !== "run") throw new Error("wrong arguments");
await runDataPlane(parsed.value.options, new URL("./failing-runtime.ts", import.meta.url).href);
