/** A flag that takes a value. */
export interface FlagDescription {
  readonly name: string;
  readonly short?: string;
  /** The value's place in the help text. */
  readonly value: string;
  readonly help: string;
}

/** Envoy's flags, with Envoy's meaning; at the end our own. */
export const valueFlags = [
  {
    name: "--config-path",
    short: "-c",
    value: "<file>",
    help: "Bootstrap configuration: YAML, or JSON (.json).",
  },
  {
    name: "--config-yaml",
    value: "<text>",
    help: "Bootstrap configuration as YAML text, merged over the file.",
  },
  {
    name: "--mode",
    value: "serve|validate",
    help: "serve: check the configuration, then serve. validate: check it and end. Default: serve.",
  },
  {
    name: "--concurrency",
    value: "<n>",
    help: "Number of worker threads. Default: one per core that the process may use.",
  },
  {
    name: "--log-level",
    short: "-l",
    value: "<level>",
    help: "trace, debug, info, warning (warn), error, critical or off. Default: info.",
  },
  {
    name: "--component-log-level",
    value: "<list>",
    help: "Levels of single components, such as upstream:debug,http:trace.",
  },
  { name: "--log-path", value: "<file>", help: "Log to this file. Default: stderr." },
  {
    name: "--service-node",
    value: "<id>",
    help: "Node id, where the configuration has no node.id.",
  },
  {
    name: "--service-cluster",
    value: "<name>",
    help: "Node cluster, where the configuration has no node.cluster.",
  },
  {
    name: "--admin-address-path",
    value: "<file>",
    help: "Write the admin's address (ip:port) to this file when it is bound.",
  },
  {
    name: "--shutdown-grace-s",
    value: "<seconds>",
    help: "What requests in flight get at a shutdown before they are cut. Sluice's own flag. Default: 5.",
  },
] as const satisfies readonly FlagDescription[];

export const switches = [
  { name: "--version", help: "Print the version and end." },
  { name: "--help", short: "-h", help: "Print this and end." },
] as const;

/** Flags of Envoy that Sluice does not have, and why. */
export const refusedFlags: ReadonlyMap<string, string> = new Map([
  ...[
    "--base-id",
    "--base-id-path",
    "--use-dynamic-base-id",
    "--restart-epoch",
    "--hot-restart-version",
    "--disable-hot-restart",
    "--skip-hot-restart-on-no-parent",
    "--skip-hot-restart-parent-stats",
    "--parent-shutdown-time-s",
    "--socket-path",
    "--socket-mode",
  ].map((name) => [name, "there is no hot restart between processes"] as const),
  ...["--drain-time-s", "--drain-strategy"].map(
    (name) => [name, "there is no gradual draining; see --shutdown-grace-s"] as const,
  ),
  ...[
    "--allow-unknown-fields",
    "--allow-unknown-static-fields",
    "--reject-unknown-dynamic-fields",
    "--ignore-unknown-dynamic-fields",
    "--skip-deprecated-logs",
  ].map((name) => [name, "how unknown fields are treated is fixed"] as const),
  ...[
    "--log-format",
    "--log-format-escaped",
    "--log-stacktrace-single-entry",
    "--enable-fine-grain-logging",
  ].map((name) => [name, "the log format is fixed"] as const),
  ["--service-zone", "set node.locality.zone in the configuration"],
  ["--local-address-ip-version", "the local address is found by itself"],
  ["--file-flush-interval-msec", "access logs are written by their own rhythm"],
  ["--file-flush-min-size-kb", "access logs are written by their own rhythm"],
  ["--enable-mutex-tracing", "workers share no mutexes"],
  ["--cpuset-threads", "the default of --concurrency already follows the CPU set"],
  ["--disable-extensions", "extensions are loaded only when they are configured"],
  ["--enable-core-dump", "use the shell's ulimit -c"],
  ["--stats-tag", "fixed tags are not supported"],
]);
