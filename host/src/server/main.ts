import { parseArguments } from "../cli/parse-arguments.ts";
import { runDataPlane } from "./data-plane.ts";

// The data-plane process's entry. Its arguments are those of the command, which has checked them.
const parsed = parseArguments(process.argv.slice(2));
if (!parsed.ok || parsed.value.kind !== "run") throw new Error("wrong arguments");
await runDataPlane(parsed.value.options);
