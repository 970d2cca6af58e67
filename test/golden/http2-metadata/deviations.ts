/** What was seen of a case: at both ends, in the access log, and in the log of its guests. */
export interface Outcome {
  readonly ends: string;
  readonly logged: readonly string[];
  readonly guests?: readonly string[];
}

/** Envoy's outcome, with Sluice's name for what ends a connection. */
export function asHere(outcome: Outcome): Outcome {
  const logged = outcome.logged.map((line) =>
    line.replace("codec_error:The_user_callback_function_failed", "http2.protocol_violation"),
  );
  return { ...outcome, logged };
}

const seenByGuest = [
  "log: request headers",
  "log: request metadata 2",
  "log: maps ----------",
  "log: request body 4",
  "log: request metadata 1",
  "log: maps ----------",
  "log: request body 0",
  "log: response headers",
];
const cutOff = "200 HEAD RST | HEAD M{a=b,c=d} D4 M{e=f} END";

/** What Envoy crashes of: a local reply made while the response's metadata is passed on. Its head has been sent. */
export const afterFatalCases: { readonly [name: string]: Outcome } = {
  "a guest answers for the upstream": {
    ends: cutOff,
    logged: ["200 - teapot"],
    guests: seenByGuest,
  },
  "a guest traps for the upstream": {
    ends: cutOff,
    logged: ["200 - wasm_fail_stream"],
    guests: seenByGuest,
  },
};
