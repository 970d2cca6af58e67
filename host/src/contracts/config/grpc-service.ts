/** A gRPC service that the proxy calls (`GrpcService` with `envoy_grpc`), as plain data. */
export interface GrpcServiceConfig {
  readonly cluster: string;
  /** `:authority` of calls; empty: the cluster's name. */
  readonly authority: string;
  /** Of calls that name no deadline; 0 = none. */
  readonly timeoutMs: number;
  /** Bytes of one message that is received; 0 = 32 MiB. */
  readonly messageMax: number;
  /** Added to each call; values are bytes, one per character. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
  /** Calls carry `x-envoy-internal` and, of those callers that want it, `x-forwarded-for`. */
  readonly envoyHeaders: boolean;
  /** Undefined: calls are made once. */
  readonly retry: GrpcRetryConfig | undefined;
}

/** When and how often a unary call is made again. */
export interface GrpcRetryConfig {
  /** Statuses after which it is, unless the server had begun to answer. */
  readonly statuses: readonly number[];
  /** After the first attempt. */
  readonly retries: number;
  /** The wait before retry n is chosen at random below `baseMs` * (2^n - 1), or below `maxMs` if that is less. */
  readonly baseMs: number;
  readonly maxMs: number;
}
