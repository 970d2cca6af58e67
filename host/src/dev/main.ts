/** A command with the arguments behind its name; gives the exit code. */
type Command = (args: readonly string[]) => Promise<number>;

/** The commands of this entry; each is loaded when it is asked for. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import("./serve/serve-filters.ts")).serveFilters,
  inspect: async () => (await import("./inspect/inspect.ts")).inspect,
  new: async () => (await import("./new/new-filter.ts")).newFilter,
  start: async () => (await import("./demo/start-demo.ts")).startDemo,
};

const [name = "", ...args] = process.argv.slice(2);
const command = await commands[name]!();
process.exit(await command(args));
