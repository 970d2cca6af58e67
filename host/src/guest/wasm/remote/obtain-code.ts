import { systemRandom, systemTime } from "../../../common/time/clock.ts";
import type { PrepareContext } from "../../../contracts/extension.ts";
import { CodeFiles } from "./code-files.ts";
import { CodeStore, codeStoreStats } from "./code-store.ts";
import type { RemoteCode } from "./remote-code.ts";

/** What came of asking for remote code. */
export type ObtainedCode =
  | { readonly kind: "code"; readonly code: Uint8Array; readonly fetched: boolean }
  /** It cannot be had. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** The configuration is refused. */
  | { readonly kind: "refused"; readonly reason: string };

/** The code from the cache, or from its server; how long that takes does not count as preparing. */
export async function obtainCode(
  remote: RemoteCode,
  context: PrepareContext,
): Promise<ObtainedCode> {
  const store = storeOf(context);
  if (store === undefined) return { kind: "refused", reason: "code cannot be fetched here" };
  const known = store.lookUp(remote);
  if (known.kind === "code") return { kind: "code", code: known.code, fetched: false };
  if (remote.nackOnMiss) {
    if (known.kind === "absent") void store.fetch(remote);
    return { kind: "refused", reason: `Failed to load Wasm code (fetching) from ${remote.uri}` };
  }
  // Whoever pushes again what was refused means that it is there now.
  if (known.kind === "failed" && context.replaces !== true) {
    return { kind: "unavailable", reason: known.error };
  }
  const fetching = store.fetch(remote);
  const fetched = await (context.waitFor?.(fetching) ?? fetching);
  return fetched.ok
    ? { kind: "code", code: fetched.value, fetched: true }
    : { kind: "unavailable", reason: fetched.error };
}

function storeOf(context: PrepareContext): CodeStore | undefined {
  const { clusters, stats } = context;
  if (clusters === undefined || stats === undefined) return undefined;
  return context.singleton(
    "sluice.wasm_code_store",
    () =>
      new CodeStore(
        {
          clusters,
          files: new CodeFiles(),
          time: systemTime,
          random: systemRandom,
          sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        },
        codeStoreStats(stats),
      ),
  );
}
