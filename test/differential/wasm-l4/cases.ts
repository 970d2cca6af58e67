/**
 * A step of a case, on the client's connection (`c`) or on that of the upstream (`u`):
 *
 * - `c> text` sends; `c> FIN` and `c> RST` end;
 * - `c< 5` waits until 5 bytes have been received in all; `c< end` until the peer has ended;
 * - `log text` waits for a line of the module that begins so.
 */
export type Step = string;

/** One connection to a listener whose chain is the module and what is behind it. */
export interface L4Case {
  readonly name: string;
  /** The module's configuration: `event=action;…` (test/fixtures/wasm/rust/src/network.rs). */
  readonly told: string;
  /** Behind the module; default: a tcp_proxy to the upstream. */
  readonly behind?: "proxy" | "echo" | "answer";
  /** More of `PluginConfig`. */
  readonly plugin?: { readonly [field: string]: string | boolean };
  /** Connections that come one after the other, each with these steps; default: one. */
  readonly connections?: number;
  readonly steps: readonly Step[];
  /** The module is not told of the end, since its VM has failed or it was never asked. */
  readonly silentEnd?: boolean;
  /** Why the two differ. */
  readonly differs?: string;
}

const line = "hello\n";

const passing: readonly L4Case[] = [
  {
    name: "passes-both-ways",
    told: "",
    steps: ["c> hello", "u< 5", "u> bye", "c< 3", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  { name: "client-ends-first", told: "", steps: ["c> a", "u< 1", "c> FIN", "u< end", "u> FIN"] },
  {
    name: "upstream-ends-first",
    told: "",
    steps: ["c> a", "u< 1", "u> FIN", "c< end", "c> b", "u< 2", "c> FIN", "u< end"],
  },
  { name: "client-resets", told: "", steps: ["c> a", "u< 1", "c> RST", "u< end"] },
  { name: "upstream-resets", told: "", steps: ["c> a", "u< 1", "u> RST", "c< end"] },
  { name: "echo", told: "", behind: "echo", steps: ["c> a", "c< 1", "c> FIN", "c< end"] },
  { name: "answer", told: "", behind: "answer", steps: ["c< end"] },
];

const rewriting: readonly L4Case[] = [
  ["upper", "upper"],
  ["append", "append:!"],
  ["prepend", "prepend:> "],
  ["replace", "replace:other"],
  ["replace-first", "first:J"],
].flatMap(([name, action]): L4Case[] => [
  {
    name: `down-${name}`,
    told: `down=${action}`,
    steps: ["c> hello", "log down", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  {
    name: `up-${name}`,
    told: `up=${action}`,
    steps: ["c> a", "u< 1", "u> hello", "log up 5", "u> FIN", "c< end", "c> FIN"],
  },
]);

const emptying: readonly L4Case[] = [
  {
    name: "down-empty",
    told: "down=empty",
    steps: ["c> hello", "log down 5", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  {
    name: "up-empty",
    told: "up=empty",
    steps: ["c> a", "u< 1", "u> hello", "log up 5", "u> FIN", "c< end", "c> FIN"],
  },
];

const pausing: readonly L4Case[] = [
  {
    name: "line-by-line",
    told: "down=line;up=line",
    steps: [
      "c> hel",
      "log down 3",
      "c> lo\n",
      "u< 6",
      "u> yes\n",
      "c< 4",
      "c> FIN",
      "u> FIN",
      "c< end",
    ],
  },
  {
    name: "new-stop",
    told: "new=stop",
    steps: ["log new", "c> hello", "log down", "u< 5", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  {
    name: "new-resume",
    told: "new=resume",
    steps: ["c> hello", "u< 5", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  {
    name: "down-resume",
    told: "down=resume",
    steps: ["c> hello", "u< 5", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  {
    name: "up-stop",
    told: "up=stop",
    steps: ["c> a", "u< 1", "u> hello", "log up 5", "c> FIN", "u< end", "u> FIN", "log up"],
  },
  {
    name: "new-call",
    told: "new=call:/n",
    steps: ["log call", "c> hello", "u< 5", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  {
    name: "down-call",
    told: "down=call:/d",
    steps: ["c> hello", "log call", "u< 5", "c> again", "log down 5", "c> RST"],
  },
  {
    name: "call-then-rewrite",
    told: "down=call:/d;call=upper",
    steps: ["c> hello", "u< 5", "u> FIN", "c< end", "c> RST"],
  },
  {
    name: "call-and-close",
    told: "down=call:/d;call=close",
    steps: ["c> hello", "c< end"],
  },
  {
    name: "call-to-nowhere",
    told: "down=call:bad path",
    steps: ["c> hello", "log call", "c> RST"],
  },
  {
    name: "client-leaves-during-call",
    told: "down=call:/slow",
    steps: ["c> hello", "log down", "c> RST"],
  },
];

const closing: readonly L4Case[] = [
  { name: "new-close", told: "new=close", steps: ["c< end"] },
  { name: "new-close-stop", told: "new=close-stop", steps: ["c< end"] },
  { name: "down-close", told: "down=close", steps: ["c> hello", "c< end"] },
  { name: "down-close-stop", told: "down=close-stop", steps: ["c> hello", "c< end"] },
  { name: "down-close-up", told: "down=close-up", steps: ["c> hello", "c< end"] },
  { name: "up-close", told: "up=close", steps: ["c> a", "u< 1", "u> hello", "c< end"] },
  { name: "up-close-stop", told: "up=close-stop", steps: ["c> a", "u< 1", "u> hello", "c< end"] },
  { name: "echo-close", told: "up=close", behind: "echo", steps: ["c> hello", "c< end"] },
];

const trapping: readonly L4Case[] = [
  "new",
  "down",
  "up",
  "downclose",
  "upclose",
  "done",
  "log",
].flatMap((event) =>
  (
    [
      ["closed", { failure_policy: "FAIL_CLOSED" }],
      ["open", { failure_policy: "FAIL_OPEN" }],
      ["fail-open", { fail_open: true }],
      ["reload", { failure_policy: "FAIL_RELOAD" }],
    ] as const
  ).map(([policy, plugin]): L4Case => ({
    name: `trap-${event}-${policy}`,
    told: `${event}=trap`,
    plugin,
    connections: 2,
    silentEnd: true,
    behind: "echo",
    steps: ["c> hello", "c> FIN", "c< end"],
  })),
);

const callTraps: readonly L4Case[] = [
  {
    name: "trap-call",
    told: "down=call:/d;call=trap",
    silentEnd: true,
    steps: ["c> hello", "log call", "c> RST"],
  },
];

const state: readonly L4Case[] = [
  { name: "set-property", told: "new=state:here", behind: "echo", steps: ["c> FIN", "c< end"] },
  {
    name: "properties",
    told: `new=properties:${[
      "source.address",
      "source.port",
      "destination.address",
      "destination.port",
      "connection.mtls",
      "connection.requested_server_name",
      "connection.tls_version",
      "connection.termination_details",
      "request.path",
      "request.total_size",
      "response.code",
      "upstream.address",
      "plugin_name",
      "plugin_root_id",
      "plugin_vm_id",
      "xds.cluster_name",
      "xds.filter_chain_name",
      "xds.route_name",
      "xds.listener_direction",
      "xds.node.id",
    ].join(",")};log=properties:connection.termination_details,upstream.address,xds.cluster_name`,
    steps: ["c> a", "u< 1", "c> FIN", "u< end", "u> FIN", "c< end"],
  },
  {
    name: "shared-data",
    told: "new=share",
    connections: 3,
    behind: "echo",
    steps: ["c> FIN", "c< end"],
  },
  {
    name: "half-closed-lines",
    told: "down=line",
    steps: [`c> ${line}${line}`, "u< 12", "c> rest", "log down 4", "c> FIN", "log down", "c> RST"],
  },
];

export const l4Cases: readonly L4Case[] = [
  ...passing,
  ...rewriting,
  ...emptying,
  ...pausing,
  ...closing,
  ...trapping,
  ...callTraps,
  ...state,
];
