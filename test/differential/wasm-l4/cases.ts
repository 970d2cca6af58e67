import type { JsonObject } from "@bufbuild/protobuf";
import type { Seen } from "./peer.ts";

/**
 * A step of a case, on the client's connection (`c`) or on that of the upstream (`u`):
 *
 * - `c> text` sends; `c> FIN` and `c> RST` end;
 * - `c< 5` waits until 5 bytes have been received in all; `c< end` until the peer has ended;
 * - `log text` waits for a line of the module that begins so;
 * - `go` answers the HTTP call for `/gate`.
 */
export type Step = string;

/** A known difference, and in what of `Seen` it shows. */
export interface Difference {
  readonly reason: string;
  readonly in: readonly (keyof Seen | "access")[];
}

const countsAgain: Difference = {
  reason: "Envoy counts bytes that a filter held back each time they are shown",
  in: ["access"],
};

/** One connection to a listener whose chain is the module and what is behind it. */
export interface L4Case {
  readonly name: string;
  /** The module's configuration: `event=action;…` (test/fixtures/wasm/rust/src/network.rs). */
  readonly told: string;
  /** Behind the module; default: a tcp_proxy to the upstream. */
  readonly behind?: "proxy" | "echo" | "answer" | "http";
  /** More of `PluginConfig`. */
  readonly plugin?: JsonObject;
  readonly steps: readonly Step[];
  /** Of a second connection, after the first. */
  readonly next?: readonly Step[];
  /** The module is not told of the end, since its VM has failed or it was never asked. */
  readonly silentEnd?: boolean;
  readonly differs?: Difference;
}

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
  { name: "echo", told: "", behind: "echo", steps: ["c> a", "c< 1", "c> RST"] },
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
    differs: countsAgain,
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
    behind: "echo",
    steps: ["log new", "c> hello", "c< 5", "c> RST"],
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
    told: "down=call-nowhere",
    steps: ["c> hello", "log call", "c> RST"],
  },
  {
    name: "client-ends-during-call",
    differs: countsAgain,
    told: "down=call:/gate",
    steps: [
      "c> hello",
      "log down 5 f",
      "c> FIN",
      "log down 5 t",
      "go",
      "u< end",
      "u> FIN",
      "c< end",
    ],
  },
  {
    name: "more-during-call",
    differs: countsAgain,
    told: "down=call:/gate;call=upper",
    steps: ["c> hello", "log down 5", "c> again", "log down 10", "go", "u< 10", "c> RST"],
  },
  {
    name: "upstream-speaks-during-call",
    told: "down=call:/gate",
    steps: ["c> hello", "log down", "u> hi", "c< 2", "go", "u< 5", "c> RST"],
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

/** How the module comes to trap in a callback, and what the connection is worth then. */
const waysToTrap: readonly { readonly event: string; readonly steps: readonly Step[] }[] = [
  { event: "new", steps: [] },
  { event: "down", steps: ["c> hello"] },
  { event: "up", steps: ["c> a", "u< 1", "u> hello"] },
  { event: "upclose", steps: ["c> a", "u< 1", "u> FIN"] },
  { event: "downclose", steps: ["c> a", "u< 1", "c> RST"] },
  { event: "done", steps: ["c> a", "u< 1", "c> RST"] },
  { event: "log", steps: ["c> a", "u< 1", "c> RST"] },
];
const reachesUpstream: readonly Step[] = ["c> hello", "u< 5", "u> bye", "c< 3", "c> RST"];
const closesAtOnce: readonly Step[] = ["c< end"];

const trapping = waysToTrap.flatMap(({ event, steps }): L4Case[] => {
  const told = `${event}=trap`;
  const isEnd = steps.includes("c> RST");
  const trap = [...steps, "log panicked"];
  const closed = isEnd ? trap : [...trap, "c< end"];
  const each = { told, silentEnd: true };
  return [
    {
      ...each,
      name: `trap-${event}-closed`,
      plugin: { failure_policy: "FAIL_CLOSED" },
      steps: closed,
      next: closesAtOnce,
    },
    {
      ...each,
      name: `trap-${event}-open`,
      plugin: { failure_policy: "FAIL_OPEN" },
      steps: closed,
      next: reachesUpstream,
    },
    {
      ...each,
      name: `trap-${event}-fail-open`,
      plugin: { fail_open: true },
      steps: isEnd ? trap : [...trap, "c> RST"],
      next: reachesUpstream,
    },
    {
      ...each,
      name: `trap-${event}-reload`,
      plugin: {
        failure_policy: "FAIL_RELOAD",
        reload_config: { backoff: { base_interval: "0.010s" } },
      },
      steps: closed,
      next: closed,
    },
  ];
});

const callTraps: readonly L4Case[] = [
  {
    name: "trap-call",
    told: "down=call:/d;call=trap",
    silentEnd: true,
    steps: ["c> hello", "log panicked", "c> RST"],
    differs: {
      reason: "Envoy forgets the connection that waited for the call",
      in: ["client", "upstream"],
    },
  },
];

const request = "get /a http/1.1\r\nhost: b\r\n\r\n";
const http: readonly L4Case[] = [
  {
    name: "http-down-upper",
    told: "down=upper",
    behind: "http",
    steps: [`c> ${request}`, "c< 100", "c> RST"],
  },
  {
    name: "http-in-pieces",
    told: "down=upper",
    behind: "http",
    steps: ["c> get / http", "log down 10", "c> /1.1\r\nhost: b\r\n\r\n", "c< 100", "c> RST"],
  },
  {
    name: "http-up-close",
    told: "down=upper;up=close",
    behind: "http",
    steps: [`c> ${request}`, "c< end"],
  },
  {
    name: "http-new-resume",
    told: "new=resume;down=upper",
    behind: "http",
    steps: [`c> ${request}`, "c< 100", "c> RST"],
  },
  {
    name: "http-call",
    told: "down=call:/gate;call=upper",
    behind: "http",
    steps: [`c> ${request}`, "log down", "go", "c< 100", "c> RST"],
  },
];

const state: readonly L4Case[] = [
  { name: "set-property", told: "new=state:here", behind: "answer", steps: ["c< end"] },
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
    behind: "answer",
    steps: ["c< end"],
    next: ["c< end"],
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
  ...http,
  ...state,
];
