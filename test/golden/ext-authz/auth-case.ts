import type { JsonObject } from "@bufbuild/protobuf";
import type { GrpcAnswer } from "../../support/callout-services.ts";

/** One configuration of the filter, one answer of the service, one request. */
export interface AuthCase {
  readonly name: string;
  /** More of `ExtAuthz`. */
  readonly filter?: JsonObject;
  /** What the gRPC service answers; nothing at all when absent. */
  readonly grpc?: GrpcAnswer;
  /** What the HTTP service answers, or does one call after the other (the last again and again); it, or `httpService`, makes it an HTTP service. */
  readonly http?: string | readonly string[];
  /** More of `HttpService`. */
  readonly httpService?: JsonObject;
  /** `ExtAuthzPerRoute` of the virtual host and of the route. */
  readonly host?: JsonObject;
  readonly route?: JsonObject;
  readonly request?: {
    readonly method?: string;
    readonly target?: string;
    readonly headers?: readonly string[];
    readonly body?: string;
  };
  /** The filter's name in the chain. */
  readonly filterName?: string;
  /** More of `GrpcService` and of its `envoy_grpc`. */
  readonly grpcService?: JsonObject;
  readonly envoyGrpc?: JsonObject;
  /** A Lua filter in front. */
  readonly before?: string;
  /** The service has a tenth of a second. */
  readonly slow?: boolean;
  /** Nobody listens where the service should be. */
  readonly dead?: boolean;
  /** The client has a certificate. */
  readonly tls?: boolean;
}

// What cases are made of.

export const message = (json: JsonObject): GrpcAnswer => ({ message: json });
export const header = (key: string, value: string, more: JsonObject = {}): JsonObject => ({
  header: { key, value },
  ...more,
});
export const ok = (json: JsonObject): GrpcAnswer =>
  message({ status: { code: 0 }, ok_response: json });
export const denied = (json: JsonObject): GrpcAnswer =>
  message({ status: { code: 7 }, denied_response: json });
export const httpAnswer = (status: string, headers: readonly string[] = [], body = ""): string =>
  [`HTTP/1.1 ${status}`, `content-length: ${body.length}`, ...headers, "", body].join("\r\n");
export const exact = (...names: string[]): JsonObject => ({
  patterns: names.map((name) => ({ exact: name })),
});
export const there = [0, 1, 2, 3].map((i) => `x-there-${i}: old`);
export const chunked = "transfer-encoding: chunked";
export const withBody = (max: number, more: JsonObject = {}): JsonObject => ({
  with_request_body: { max_request_bytes: max, ...more },
});
export const post = (body: string): NonNullable<AuthCase["request"]> => ({ method: "POST", body });
export const partial = { allow_partial_message: true };
