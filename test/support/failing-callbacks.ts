import { callbacks, type CallbackName } from "@sluice/abi";
import { guest } from "./wasm-guest.ts";

/** What a callback does instead of returning. */
export const failures = {
  trap: "(unreachable)",
  loop: "(loop $for_ever (br $for_ever))",
} as const;
export type Failure = keyof typeof failures;

/** How a stream comes to know that the callback has failed, with FAIL_CLOSED. */
export interface FailingCallback {
  readonly name: CallbackName;
  /** Status of the request that makes the callback run; `cut`: the response ends before its end; `any`: whichever is first. */
  readonly outcome: 503 | 200 | "cut" | "any";
  /** When the failing code is run, an expression of the callback's parameters; default: always. */
  readonly when?: string;
  /** More of the module. */
  readonly more?: string;
}

/** The root context of a plugin that is alone in its VM. */
const ofStream = "(i32.ne (local.get 0) (i32.const 1))";
const headPairs = pairsText([
  [":method", "GET"],
  [":path", "/call"],
  [":authority", "a"],
]);

/** What a module does so that a callback follows. */
export interface Cause {
  /** Data and functions of the module. */
  readonly data: string;
  /** What it does when it is configured. */
  readonly starts: string;
  /** What it does then. */
  readonly does: string;
}

export const causes = {
  proxy_on_tick: {
    data: "",
    starts: "",
    does: `(drop (call $proxy_set_effective_context (i32.const 1)))
      (drop (call $proxy_set_tick_period_milliseconds (i32.const 10)))`,
  },
  proxy_on_queue_ready: {
    data: `(data (i32.const 512) "queue")`,
    starts: `(drop (call $proxy_register_shared_queue (i32.const 512) (i32.const 5) (i32.const 600)))`,
    does: `(drop (call $proxy_enqueue_shared_queue (i32.load (i32.const 600)) (i32.const 512) (i32.const 1)))`,
  },
  proxy_on_http_call_response: {
    data: `(data (i32.const 512) "upstream${headPairs.text}")`,
    starts: "",
    does: `(drop (call $proxy_http_call (i32.const 512) (i32.const 8) (i32.const 520) (i32.const ${headPairs.size})
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 600)))`,
  },
  envoy_on_resolve_dns: {
    data: `(data (i32.const 512) "127.0.0.1")`,
    starts: "",
    does: `(drop (call $envoy_resolve_dns (i32.const 512) (i32.const 9) (i32.const 600)))`,
  },
} as const satisfies Partial<Record<CallbackName, Cause>>;

/** A request lets the callback follow; `action` is what its own callback returns. */
function causedByRequest(name: keyof typeof causes, action = 0): string {
  const { data, starts, does } = causes[name];
  return `${data}
    (func (export "proxy_on_configure") (param i32 i32) (result i32) ${starts} (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${does} (i32.const ${action}))`;
}

/** Every callback of an HTTP filter and of its root context that runs after the start. */
export const failingCallbacks: readonly FailingCallback[] = [
  { name: "proxy_on_context_create", outcome: 503, when: "(local.get 1)" },
  { name: "proxy_on_request_headers", outcome: 503 },
  { name: "proxy_on_request_body", outcome: 503 },
  { name: "proxy_on_request_trailers", outcome: 503 },
  { name: "proxy_on_response_headers", outcome: 503 },
  { name: "proxy_on_response_body", outcome: "cut" },
  { name: "proxy_on_response_trailers", outcome: "cut" },
  { name: "proxy_on_log", outcome: 200, when: ofStream },
  { name: "proxy_on_done", outcome: 200, when: ofStream },
  { name: "proxy_on_delete", outcome: 200, when: ofStream },
  { name: "proxy_on_tick", outcome: "any", more: causedByRequest("proxy_on_tick") },
  { name: "proxy_on_queue_ready", outcome: "any", more: causedByRequest("proxy_on_queue_ready") },
  {
    name: "proxy_on_http_call_response",
    outcome: 503,
    more: causedByRequest("proxy_on_http_call_response", 1),
  },
  { name: "envoy_on_resolve_dns", outcome: "any", more: causedByRequest("envoy_on_resolve_dns") },
];

/** A module that fails so in this callback. */
export function failingModule(
  { name, when, more = "" }: FailingCallback,
  failure: Failure,
): Promise<Uint8Array<ArrayBuffer>> {
  const { params, results } = callbacks[name];
  const fail = failures[failure];
  const body = when === undefined ? fail : `(if ${when} (then ${fail}))`;
  const result = results.length === 0 ? "" : "(result i32)";
  return guest(`${more}
    (func (export "${name}") (param ${params.join(" ")}) ${result}
      ${body} ${result === "" ? "" : "(i32.const 1)"})`);
}

/** Pairs as the text of a data segment. */
function pairsText(pairs: readonly (readonly [string, string])[]): { text: string; size: number } {
  const bytes: number[] = [];
  const number = (value: number): void => void bytes.push(value, 0, 0, 0);
  number(pairs.length);
  for (const [name, value] of pairs) {
    number(name.length);
    number(value.length);
  }
  for (const text of pairs.flat()) bytes.push(...Buffer.from(text), 0);
  const text = bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  return { text, size: bytes.length };
}
