import { writeFileSync } from "node:fs";
import type { Cleanup } from "../support/sluice-process.ts";
import { envoyVersion } from "./running-envoy.ts";

/** Writes what `record` sees of a real Envoy into `file`, with Envoy's version. */
export async function recordGolden(
  file: string,
  record: (cleanup: Cleanup) => Promise<object>,
): Promise<void> {
  process.env["SLUICE_UNDER_TEST"] = "envoy";
  const cleanups: Parameters<Cleanup["after"]>[0][] = [];
  try {
    const recorded = await record({ after: (cleanup) => void cleanups.push(cleanup) });
    const json = { envoy: envoyVersion(), ...recorded };
    writeFileSync(file, `${JSON.stringify(json, undefined, 1)}\n`);
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}
