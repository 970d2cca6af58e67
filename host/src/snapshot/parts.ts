import { emptyUpdate, type SnapshotUpdate } from "./update.ts";

/** Copying a cluster for a worker takes about 30 µs of the main thread. */
const clustersPerPart = 200;

/**
 * Cuts a large update into messages between which the main thread can do other things. `joinParts` undoes it.
 */
export function partsOf(update: SnapshotUpdate): SnapshotUpdate[] {
  const parts: SnapshotUpdate[] = [];
  const { clusters } = update;
  let at = 0;
  for (; clusters.length - at > clustersPerPart; at += clustersPerPart) {
    parts.push({
      ...emptyUpdate,
      snapshot: update.snapshot,
      clusters: clusters.slice(at, at + clustersPerPart),
    });
  }
  parts.push({ ...update, clusters: clusters.slice(at) });
  return parts;
}

/** The update whose parts these are, in their order. */
export function joinParts(parts: readonly SnapshotUpdate[]): SnapshotUpdate {
  const last = parts.at(-1);
  if (last === undefined) throw new Error("an update has at least one part");
  return parts.length === 1 ? last : { ...last, clusters: parts.flatMap((part) => part.clusters) };
}
