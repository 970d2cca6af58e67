import type { TlsOutcome } from "./run-cases.ts";

/** What Envoy did in the case `name`, with what is otherwise here. */
export function asHere(name: string, outcome: TlsOutcome): TlsOutcome {
  const stats: { [name: string]: number } = {};
  for (const [stat, value] of Object.entries(outcome.stats)) {
    // Node does not tell which signature algorithm a handshake used.
    if (!stat.startsWith("ssl.sigalgs.")) stats[stat] = value;
  }
  // Envoy counts a connection twice when ALPN settles its protocol.
  if (name.startsWith("settles on") && outcome.requests[0]!.status === 200) {
    stats["upstream_cx_total"] = 1;
  }
  return { ...outcome, stats };
}
