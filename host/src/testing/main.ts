/** A command with the arguments behind its name; gives the exit code. */
type Command = (args: readonly string[]) => Promise<number>;

/** The commands of this entry; each is loaded when it is asked for. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  replay: async () => (await import("./replay/replay-command.ts")).replayCommand,
  test: async () => (await import("./test-command.ts")).testCommand,
};

const [name = "", ...args] = process.argv.slice(2);
const command = await commands[name]!();
process.exit(await command(args));
