import { startDemo } from "./start.ts";

/** The entry of `sluice start`; its arguments are those behind the word. */
process.exit(await startDemo(process.argv.slice(2)));
