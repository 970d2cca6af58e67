import type { TrafficCase } from "../lib/traffic.ts";

/** What the guests are told, and what is sent to them. */
export interface WasmCase extends Omit<TrafficCase, "path"> {
  /** Of `x-do`. */
  readonly told: string;
  /** Behind the prefix. */
  readonly path?: string;
  /** The SDKs whose guest can do it; default: all. */
  readonly only?: readonly WasmGuest[];
  /** The plugin is lost: it has a listener of its own. */
  readonly traps?: boolean;
  /** Where the difference is not in every guest. */
  readonly differsIn?: readonly WasmGuest[];
}

export const wasmGuests = ["rust", "go", "assembly"] as const;
export type WasmGuest = (typeof wasmGuests)[number];

const trailers = { "x-trailer": "one", "x-removed": "2" };
const parts = { chunks: ["hello", "world"], trailers };

const headerCases: readonly WasmCase[] = ["request", "response"].flatMap((side): WasmCase[] => {
  const phase = `${side}-headers`;
  const headers = { "x-replaced": "old", "x-removed": "gone", "user-agent": "old", "x-last": "z" };
  return [
    { name: `${phase}-add`, told: `${phase}=add`, headers },
    { name: `${phase}-replace`, told: `${phase}=replace`, headers },
    { name: `${phase}-remove`, told: `${phase}=remove`, headers },
    { name: `${phase}-list`, told: `${phase}=list`, headers },
  ];
});

const bodyCases: readonly WasmCase[] = ["request", "response"].flatMap((side): WasmCase[] => {
  const sized = (action: string): string => `${side}-headers=unsized ${side}-body=${action}`;
  return ["buffer", "around", "upper", "grow", "empty"].flatMap((action): WasmCase[] => [
    { name: `${side}-body-${action}`, told: sized(action), body: "hello" },
    {
      name: `${side}-body-${action}-chunks`,
      told: `${side}-body=${action}`,
      chunks: ["hello", "world"],
      path: "?answer=chunks",
    },
  ]);
});

const trailerCases: readonly WasmCase[] = [
  { name: "trailers-pass", told: "", ...parts, path: "?answer=trailers" },
  ...["request", "response"].flatMap((side): WasmCase[] =>
    ["add", "remove", "list", "reply"].map((action) => ({
      name: `${side}-trailers-${action}`,
      told: `${side}-trailers=${action}`,
      ...parts,
      path: "?answer=trailers",
    })),
  ),
  {
    name: "trailers-upper",
    told: "request-body=upper response-body=upper",
    ...parts,
    path: "?answer=trailers",
  },
];

const replyPhases = ["request-headers", "request-body", "response-headers"];
const replyCases: readonly WasmCase[] = replyPhases.flatMap((phase): WasmCase[] =>
  ["reply", "reply-body"].map((action) => ({
    name: `${phase}-${action}`,
    told: `${phase}=${action}`,
    body: "hello",
  })),
);

const replyMoreCases: readonly WasmCase[] = [
  {
    name: "reply-grpc",
    told: "request-headers=reply-body",
    headers: { "content-type": "application/grpc" },
  },
  { name: "reply-head", told: "request-headers=reply-body", method: "HEAD" },
  { name: "reply-twice", told: "request-headers=reply response-headers=reply-body" },
  { name: "reply-in-response-body", told: "response-body=reply-body" },
  { name: "reply-after-call", told: "request-headers=call call=reply-body" },
  { name: "reply-path", told: "request-headers=path" },
];

const trapCases: readonly WasmCase[] = [
  "request-headers",
  "request-body",
  "request-trailers",
  "response-headers",
  "response-body",
  "response-trailers",
].map((phase) => ({
  name: `trap-${phase}`,
  told: `${phase}=trap`,
  ...parts,
  path: "?answer=trailers",
  // The second one finds the VM failed.
  times: 2,
  traps: true,
  // What Go prints before it traps has addresses in it; each of its VMs takes its time.
  only: ["rust", "assembly"],
}));

const callCases: readonly WasmCase[] = [
  { name: "call", told: "request-headers=call" },
  { name: "call-with-body", told: "request-headers=call", body: "hello" },
  { name: "call-from-body", told: "request-body=call", body: "hello" },
  { name: "call-from-response", told: "response-headers=call" },
  { name: "call-deny", told: "request-headers=deny" },
  { name: "call-deny-body", told: "request-headers=deny", body: "hello" },
  { name: "call-two", told: "request-headers=calls" },
  { name: "call-slow", told: "request-headers=call-slow" },
  { name: "call-refused", told: "request-headers=call-refused" },
  { name: "call-unknown", told: "request-headers=call-unknown" },
  { name: "call-nobody", told: "request-headers=call-nobody" },
];

const hostCases: readonly WasmCase[] = [
  { name: "shared", told: "request-headers=shared", times: 3 },
  { name: "queue", told: "request-headers=queue", until: "queue item", anyOrder: true },
  { name: "metric", told: "request-headers=metric", times: 2 },
  { name: "property", told: "request-headers=property", path: "/p?q=1" },
  { name: "property-response", told: "response-headers=property" },
  { name: "set-property", told: "request-headers=set-property response-headers=set-property" },
  { name: "tick", told: "request-headers=tick", until: ": tick", anyOrder: true },
  { name: "foreign", told: "request-headers=foreign" },
];

const shapeCases: readonly WasmCase[] = [
  { name: "pass", told: "" },
  { name: "pass-body", told: "", body: "hello" },
  { name: "pass-empty", told: "", body: "", path: "?answer=empty" },
  { name: "pass-big", told: "", body: "x".repeat(70_000), path: "?answer=big" },
  { name: "pass-no-content", told: "", path: "?answer=no-content" },
  { name: "pass-head", told: "", method: "HEAD", path: "?answer=empty" },
  { name: "pass-informational", told: "", path: "?answer=hints" },
  { name: "pass-reset", told: "", path: "?answer=reset" },
  { name: "pass-utf8", told: "", headers: { "x-text": "gr\xc3\xbc\xc3\x9fe" } },
  {
    name: "buffer-both",
    told: "request-headers=unsized request-body=buffer response-headers=unsized response-body=buffer",
    body: "hello",
  },
  { name: "buffer-over-limit", told: "request-body=buffer", body: "x".repeat(1_200_000) },
];

export const wasmCases: readonly WasmCase[] = [
  ...shapeCases,
  ...headerCases,
  ...bodyCases,
  ...trailerCases,
  ...replyCases,
  ...replyMoreCases,
  ...callCases,
  ...hostCases,
  ...trapCases,
];
