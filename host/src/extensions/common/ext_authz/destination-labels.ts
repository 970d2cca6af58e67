import type { LocalInfo } from "../../../contracts/config/snapshot.ts";

/** The labels below `key` of the node's metadata; what is no text is empty. An empty key means none. */
export function destinationLabels(key: string, { nodeMetadata }: LocalInfo): Map<string, string> {
  const labels = new Map<string, string>();
  const values = key !== "" && Object.hasOwn(nodeMetadata, key) ? nodeMetadata[key] : undefined;
  if (typeof values !== "object" || values === null || Array.isArray(values)) return labels;
  for (const [name, value] of Object.entries(values)) {
    labels.set(name, typeof value === "string" ? value : "");
  }
  return labels;
}
