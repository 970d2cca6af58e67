import type { JsonValue, StreamInfo } from "../contracts/stream-info.ts";

/** Puts `values` into a namespace of the stream's dynamic metadata, beside what is there. */
export function storeMetadata(
  info: StreamInfo,
  namespace: string,
  values: { readonly [key: string]: JsonValue },
): void {
  info.dynamicMetadata ??= new Map();
  info.dynamicMetadata.set(namespace, { ...info.dynamicMetadata.get(namespace), ...values });
}
