/**
 * A configured name as part of a stat name: `://`, `:/`, `:` and NUL become one `_` each, one leading and one
 * trailing dot are dropped (Envoy: `Stats::Utility::sanitizeStatsName`).
 */
export function sanitizeStatName(name: string): string {
  return name
    .replaceAll("://", "_")
    .replaceAll(":/", "_")
    .replaceAll(":", "_")
    .replaceAll("\0", "_")
    .replace(/^\./, "")
    .replace(/\.$/, "");
}
