import { HeaderId } from "../common/headers/header-id.ts";
import type { HeaderMap } from "../contracts/headers.ts";

/** Outcomes of gRPC calls that the client itself decides on (the gRPC project's statuscodes.md). */
export const GrpcStatus = {
  Ok: 0,
  Cancelled: 1,
  Unknown: 2,
  DeadlineExceeded: 4,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
} as const;

/** The status that stands for a response that is not gRPC's (the gRPC project's http-grpc-status-mapping.md). */
export function statusOfHttp(code: number): number {
  switch (code) {
    case 400:
      return GrpcStatus.Internal;
    case 401:
      return GrpcStatus.Unauthenticated;
    case 403:
      return GrpcStatus.PermissionDenied;
    case 404:
      return GrpcStatus.Unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcStatus.Unavailable;
    default:
      return GrpcStatus.Unknown;
  }
}

/** `grpc-status`; undefined when there is none, or none that is a number. */
export function statusOf(metadata: HeaderMap): number | undefined {
  const text = metadata.getId(HeaderId.GrpcStatus);
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

/** `grpc-message` as it stands in the metadata, with its escapes; empty when there is none. */
export function messageOf(metadata: HeaderMap): string {
  return metadata.getId(HeaderId.GrpcMessage) ?? "";
}
