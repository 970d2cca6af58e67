import { HeaderId } from "../common/headers/header-id.ts";
import { HeaderMapImpl } from "../common/headers/header-map.ts";
import type { GrpcServiceConfig } from "../contracts/config/grpc-service.ts";
import type { HeaderMap, RequestHeaderMap } from "../contracts/headers.ts";
import type { ClusterManager } from "../contracts/upstream/cluster.ts";
import { BackOff, type BackOffEnvironment } from "./back-off.ts";
import { GrpcStatus } from "./status.ts";
import { GrpcStream, type GrpcStreamCallbacks } from "./grpc-stream.ts";
import { grpcTimeout } from "../common/grpc-timeout.ts";
import { UnaryCall, type UnaryCallbacks } from "./unary-call.ts";

/** What the client needs of its worker. */
export interface GrpcEnvironment extends BackOffEnvironment {
  readonly clusters: ClusterManager;
}

/** Longest message that is received where the service names none. */
const messageMaxDefault = 32 * 1_048_576;

/** What is called, and how. */
export interface GrpcCallHead {
  /** Full name, as `package.Service`. */
  readonly service: string;
  readonly method: string;
  /** Added after the service's own; values are bytes, one per character. Those of `…-bin` are Base64 already. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
  /** Undefined: the service's; 0 = none. */
  readonly timeoutMs?: number | undefined;
  /** Append this host's address to `x-forwarded-for`; default: false. */
  readonly sendXff?: boolean;
}

/** A call under way. */
export interface GrpcCall {
  /** Ends it; no callback follows. */
  cancel(): void;
}

/** Calls the methods of one gRPC service, which is a cluster. Messages are bytes. */
export class GrpcClient {
  readonly #service: GrpcServiceConfig;
  readonly #environment: GrpcEnvironment;

  constructor(service: GrpcServiceConfig, environment: GrpcEnvironment) {
    this.#service = service;
    this.#environment = environment;
  }

  /** The callbacks may be called before this returns; the result is undefined then. */
  call(head: GrpcCallHead, message: Uint8Array, callbacks: UnaryCallbacks): GrpcCall | undefined {
    const { retry } = this.#service;
    const backOff = retry && new BackOff(retry, this.#environment);
    const call = new UnaryCall((stream) => this.open(head, stream), message, callbacks, backOff);
    call.start();
    return call.over ? undefined : call;
  }

  /** As `call`. A deadline runs from the end of what is sent. */
  open(head: GrpcCallHead, callbacks: GrpcStreamCallbacks): GrpcStream | undefined {
    const { cluster: name, messageMax, envoyHeaders } = this.#service;
    const cluster = this.#environment.clusters.getThreadLocalCluster(name);
    if (cluster === undefined) {
      callbacks.onClose(GrpcStatus.Unavailable, "Cluster not available");
      return undefined;
    }
    const { timeoutMs = this.#service.timeoutMs, sendXff = false } = head;
    const options = { timeoutMs, sendXff, skipEnvoyHeaders: !envoyHeaders };
    const stream = new GrpcStream(callbacks, messageMax === 0 ? messageMaxDefault : messageMax);
    stream.start(cluster.httpAsyncClient().start(options, stream), this.#headers(head, timeoutMs));
    return stream.over ? undefined : stream;
  }

  #headers(head: GrpcCallHead, timeoutMs: number): RequestHeaderMap {
    const { authority, cluster, metadata } = this.#service;
    const headers = new HeaderMapImpl();
    headers.addId(HeaderId.Method, "POST");
    headers.addId(HeaderId.Path, `/${head.service}/${head.method}`);
    headers.addId(HeaderId.Authority, authority === "" ? cluster : authority);
    headers.addId(HeaderId.Scheme, "http");
    headers.addId(HeaderId.Te, "trailers");
    if (timeoutMs > 0) headers.add("grpc-timeout", grpcTimeout(timeoutMs));
    headers.addId(HeaderId.ContentType, "application/grpc");
    addAll(headers, metadata);
    addAll(headers, head.metadata);
    return headers;
  }
}

function addAll(headers: HeaderMap, entries: GrpcCallHead["metadata"]): void {
  for (const [name, value] of entries) headers.add(name, value);
}
