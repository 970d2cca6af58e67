import type { Suite, TestCase } from "../suite/suite.ts";

/** What a case may take of real time. */
const realMsMax = 5000;

/** Why a case cannot be run in Envoy; undefined when it can. */
export function unfitForEnvoy(suite: Suite, test: TestCase): string | undefined {
  const { settings, steps } = test;
  if (settings.onlySluice) return "it says that it is for Sluice only";
  if (suite.chains.listener.length > 0) return "Envoy has no Wasm listener filters";
  if (settings.clockMs !== undefined) return "it sets the clock";
  if ((settings.workers ?? 1) > 1) return "it has several workers, which take connections in turns";
  if (settings.client !== undefined) return "it sets the client's address";
  const passed = steps.reduce(
    (sum, { action }) => sum + (action.kind === "advance" ? action.ms : 0),
    0,
  );
  if (passed > realMsMax) return `it moves the clock by ${passed / 1000} s`;
  for (const [name, script] of settings.servers) {
    if (script.kind !== "http" && script.kind !== "grpc") continue;
    const waits = script.answers.some(({ delayMs }) => delayMs > realMsMax);
    if (waits) return `the server ${name} takes more than ${realMsMax / 1000} s`;
  }
  return undefined;
}
