import { HeaderId } from "../common/headers/header-id.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from "../contracts/headers.ts";

const grpcContentType = "application/grpc";
const plus = 43;

/** `application/grpc` or `application/grpc+…`; parameters and `grpc-web` do not count. */
export function hasGrpcContentType(headers: HeaderMap): boolean {
  const type = headers.getId(HeaderId.ContentType);
  if (type === undefined || !type.startsWith(grpcContentType)) return false;
  const { length } = grpcContentType;
  return type.length === length || type.charCodeAt(length) === plus;
}

export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  return headers.hasId(HeaderId.Path) && hasGrpcContentType(headers);
}

/** `endStream`: there is nothing but these headers, so they must say how the call ended. */
export function isGrpcResponse(headers: ResponseHeaderMap, endStream: boolean): boolean {
  if (endStream) return headers.hasId(HeaderId.GrpcStatus);
  return headers.getId(HeaderId.Status) === "200" && hasGrpcContentType(headers);
}

/** What a call is made of, as its path names it. */
export interface GrpcMethod {
  /** With its package. */
  readonly service: string;
  readonly method: string;
}

/** `/service/method`, with a query or not; undefined for any other path. */
export function methodOfPath(path: string): GrpcMethod | undefined {
  const query = path.indexOf("?");
  const parts = (query < 0 ? path : path.slice(0, query)).split("/").filter((part) => part !== "");
  return parts.length === 2 ? { service: parts[0]!, method: parts[1]! } : undefined;
}

/** The gRPC status as an HTTP status (google/rpc/code.proto). */
export function httpStatusOf(grpcStatus: number): number {
  return httpStatuses[grpcStatus] ?? 500;
}

// prettier-ignore
const httpStatuses = [
  200, // OK
  499, // CANCELLED
  500, // UNKNOWN
  400, // INVALID_ARGUMENT
  504, // DEADLINE_EXCEEDED
  404, // NOT_FOUND
  409, // ALREADY_EXISTS
  403, // PERMISSION_DENIED
  429, // RESOURCE_EXHAUSTED
  400, // FAILED_PRECONDITION
  409, // ABORTED
  400, // OUT_OF_RANGE
  501, // UNIMPLEMENTED
  500, // INTERNAL
  503, // UNAVAILABLE
  500, // DATA_LOSS
  401, // UNAUTHENTICATED
];
