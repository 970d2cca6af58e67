/** What stands in front of its own arguments: `sluice <name> …`. */
export interface CommandDescription {
  readonly name: string;
  readonly help: string;
}

/** All commands, in the order in which an author of filters comes to need them. */
export const commands: readonly CommandDescription[] = [
  { name: "new", help: "Make a filter, with a test of its own." },
  { name: "dev", help: "Run a filter, swap it whenever it is saved, print what it changes." },
  { name: "test", help: "Run suites of filters." },
  { name: "inspect", help: "Tell what a module needs, weighs and can run in." },
  { name: "trace", help: "Follow the calls of a filter in a running proxy." },
  { name: "record", help: "Write down what a filter in a running proxy does with a stream." },
  { name: "replay", help: "Run a recording again, offline." },
  { name: "start", help: "The demo of a checkout." },
];
