import type { JsonValue, StreamInfo } from "../../../contracts/stream-info.ts";

/** The stream's dynamic metadata; undefined when nothing was written yet. */
export function metadataOf(info: StreamInfo): StreamInfo["dynamicMetadata"] {
  return info.dynamicMetadata;
}

/** Puts `values` into a namespace, beside what is there. */
export function storeMetadata(
  info: StreamInfo,
  namespace: string,
  values: { readonly [key: string]: JsonValue },
): void {
  info.dynamicMetadata ??= new Map();
  info.dynamicMetadata.set(namespace, { ...info.dynamicMetadata.get(namespace), ...values });
}
