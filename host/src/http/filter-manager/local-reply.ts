import { percentEncode } from "../../common/grpc-message.ts";
import { HeaderId } from "../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../common/headers/header-map.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../contracts/headers.ts";
import type { LocalReply } from "../../contracts/http/filter.ts";

/** `%RESPONSE_CODE_DETAILS%` of streams that the filter manager answers or ends itself. */
export const LocalReplyDetails = {
  RequestPayloadTooLarge: "request_payload_too_large",
  ResponsePayloadTooLarge: "response_payload_too_large",
  FilterAddedInvalidRequestData: "filter_added_invalid_request_data",
  FilterAddedInvalidResponseData: "filter_added_invalid_response_data",
  FilterRemovedRequiredResponseHeaders: "filter_removed_required_response_headers",
  /** Ours: an old version of a discovered filter was given up before the stream had ended. */
  GenerationEnded: "filter_generation_ended",
} as const;

/** A local reply ready to be encoded. */
export interface PreparedLocalReply {
  readonly headers: ResponseHeaderMap;
  /** Empty: the headers end the response. */
  readonly body: string;
}

/** What about the request decides the shape of a reply. */
export interface LocalReplyRequest {
  readonly isHead: boolean;
  readonly isGrpc: boolean;
}

/**
 * Makes head and body of a local reply. `finalize` applies the route's response header changes; they come before
 * those of the reply itself, so that a filter has the last word.
 */
export function prepareLocalReply(
  reply: LocalReply,
  request: LocalReplyRequest,
  finalize: ((headers: ResponseHeaderMap) => void) | undefined,
): PreparedLocalReply {
  const headers = new HeaderMapImpl();
  headers.addId(HeaderId.Status, String(reply.code));
  finalize?.(headers);
  reply.modifyHeaders?.(headers);
  if (request.isGrpc) {
    toTrailersOnly(headers, reply, request);
    return { headers, body: "" };
  }
  if (reply.body === "") {
    headers.removeId(HeaderId.ContentLength);
    headers.removeId(HeaderId.ContentType);
    return { headers, body: "" };
  }
  headers.setId(HeaderId.ContentLength, String(reply.body.length));
  if (!headers.hasId(HeaderId.ContentType)) headers.addId(HeaderId.ContentType, "text/plain");
  return { headers, body: request.isHead ? "" : reply.body };
}

/** True for `application/grpc` and `application/grpc+…`; parameters and `grpc-web` do not count. */
export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  const type = headers.getId(HeaderId.ContentType);
  if (type === undefined || !type.startsWith("application/grpc")) return false;
  return type.length === 16 || type.charCodeAt(16) === 43;
}

/** A gRPC client reads the outcome from a response that consists of headers only. */
function toTrailersOnly(
  headers: ResponseHeaderMap,
  reply: LocalReply,
  request: LocalReplyRequest,
): void {
  headers.setId(HeaderId.Status, "200");
  headers.setId(HeaderId.ContentType, "application/grpc");
  if ((headers.getId(HeaderId.GrpcStatus) ?? "") === "") {
    headers.setId(HeaderId.GrpcStatus, String(reply.grpcStatus ?? grpcStatusOf(reply.code)));
  }
  if (reply.body !== "" && !request.isHead) {
    headers.setId(HeaderId.GrpcMessage, percentEncode(reply.body));
  }
}

/** The gRPC status that stands for an HTTP status (the gRPC project's http-grpc-status-mapping). */
function grpcStatusOf(code: number): number {
  switch (code) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}
