import { HeaderId } from "../common/headers/header-id.ts";
import type { HeaderMap } from "../contracts/headers.ts";

// Unknown, DeadlineExceeded, Unimplemented, Internal, Unavailable, DataLoss: what HTTP says with a 5xx.
const serverErrors = new Set([2, 4, 12, 13, 14, 15]);

/** True when the map holds a `grpc-status` that blames the client, or nobody. */
export function isGrpcSuccess(map: HeaderMap): boolean {
  const text = map.getId(HeaderId.GrpcStatus);
  return text !== undefined && /^[0-9]{1,9}$/.test(text) && !serverErrors.has(Number(text));
}
