import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { BodyConfig } from "./ext-authz-config.ts";
import type { CheckBody } from "./http-check.ts";

/** True when as much of the body is there as may be sent, and a part of it is enough. */
export function isEnough(
  buffered: DataBuffer | undefined,
  data: DataBuffer,
  { allowPartial, maxBytes }: BodyConfig,
): boolean {
  return allowPartial && (buffered?.length ?? 0) + data.length >= maxBytes;
}

/** True when the body is longer than may be sent, and a part of it is not enough. */
export function isTooMuch(
  buffered: DataBuffer | undefined,
  data: DataBuffer,
  { allowPartial, maxBytes }: BodyConfig,
): boolean {
  return !allowPartial && (buffered?.length ?? 0) + data.length > maxBytes;
}

/** What is sent of the body: `buffered`, and `data` behind it. */
export function takeBody(
  buffered: DataBuffer | undefined,
  data: DataBuffer | undefined,
  { maxBytes, packAsBytes }: BodyConfig,
): CheckBody {
  const chunks = [...(buffered?.chunks ?? []), ...(data?.chunks ?? [])];
  const bytes = Buffer.concat(chunks);
  const partial = bytes.length > maxBytes;
  return { bytes: partial ? bytes.subarray(0, maxBytes) : bytes, partial, packAsBytes };
}
