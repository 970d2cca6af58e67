import {
  BUFFER_CALL_DATA,
  BUFFER_GRPC_RECEIVE,
  BUFFER_HTTP_CALL_RESPONSE_BODY,
  MAP_GRPC_RECEIVE_INITIAL_METADATA,
  MAP_GRPC_RECEIVE_TRAILING_METADATA,
  MAP_HTTP_CALL_RESPONSE_HEADERS,
  MAP_HTTP_CALL_RESPONSE_TRAILERS,
  STATUS_BROKEN_CONNECTION,
  STATUS_OK,
} from "@sluice/abi";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { AsyncClientRequest } from "../../../contracts/upstream/async-client.ts";
import { encodeAddresses } from "./addresses.ts";
import { GrpcCalls } from "./grpc-calls.ts";
import { type CallOwner, type CallResponse, HttpCalls } from "./http-calls.ts";
import type { RootContext } from "./root-context.ts";

/** Names of one plugin that may be looked up at the same time. */
const lookupsMax = 64;
const noBytes = new Uint8Array(0);

/**
 * What a plugin asks of others: HTTP calls, gRPC calls and names that it looks up. Their answers are told to the
 * plugin's root context; what the guest may read of one stands here during its callback. Those of a canary run are
 * never made.
 */
export class RootCallouts implements CallOwner {
  readonly #root: RootContext;
  #http: HttpCalls | undefined;
  #grpc: GrpcCalls | undefined;
  /** Names that are being looked up. */
  #lookups = 0;
  #response: CallResponse | undefined;
  /** As of `envoy_on_resolve_dns`. */
  #addresses: Uint8Array | undefined;
  /** Of the last one that failed (`proxy_get_status`); the message only during its callback. */
  code = 0;
  message = "";

  constructor(root: RootContext) {
    this.#root = root;
  }

  /** Makes a call: a status. */
  openHttp(token: number, cluster: string, request: AsyncClientRequest): number {
    const { vm, plugin, configuring } = this.#root;
    const { clusters, createTimer } = vm.environment;
    if (clusters === undefined || createTimer === undefined) return STATUS_OK;
    this.#http ??= new HttpCalls(this, { clusters, createTimer }, plugin.limits.inputs);
    return this.#http.open(token, cluster, request, configuring);
  }

  get grpc(): GrpcCalls {
    const { vm, plugin } = this.#root;
    const { clusters, createTimer, random } = vm.environment;
    const environment = clusters && createTimer && random && { clusters, createTimer, random };
    return (this.#grpc ??= new GrpcCalls(this.#root, environment, plugin.limits.inputs));
  }

  /** Looks a name up, and tells the guest of its addresses later; false when too many are looked up already. */
  lookUp(token: number, name: string): boolean {
    const { vm } = this.#root;
    const { resolveName } = vm.environment;
    if (resolveName === undefined) return true;
    if (this.#lookups >= lookupsMax) return false;
    this.#lookups += 1;
    resolveName(name, (addresses) => {
      this.#lookups -= 1;
      vm.defer(() => this.#tellOfName(token, addresses));
    });
    return true;
  }

  /** Of the answer that the guest is being told of. */
  map(type: number): HeaderMap | undefined {
    switch (type) {
      case MAP_HTTP_CALL_RESPONSE_HEADERS:
        return this.#response?.headers;
      case MAP_HTTP_CALL_RESPONSE_TRAILERS:
        return this.#response?.trailers;
      case MAP_GRPC_RECEIVE_INITIAL_METADATA:
      case MAP_GRPC_RECEIVE_TRAILING_METADATA:
        return this.#grpc?.metadata(type);
      default:
        return undefined;
    }
  }

  /** As `map`. */
  buffer(type: number): Uint8Array | undefined {
    switch (type) {
      case BUFFER_HTTP_CALL_RESPONSE_BODY:
        return this.#response?.body;
      case BUFFER_GRPC_RECEIVE:
        return this.#grpc?.message;
      case BUFFER_CALL_DATA:
        return this.#addresses;
      default:
        return undefined;
    }
  }

  /** The guest is to hear of no call any more. */
  cancelAll(): void {
    this.#http?.cancelAll();
    this.#grpc?.cancelAll();
  }

  onHttpCallResponse(token: number, response: CallResponse): void {
    this.#root.vm.defer(() => {
      this.#response = response;
      const { headers, body, trailers } = response;
      this.#tellOfCall(token, headers.size, body.length, trailers?.size ?? 0);
      this.#response = undefined;
    });
  }

  onCallBeyondLimit(): void {
    this.#root.vm.stats.inputLimitExceeded.inc();
  }

  onHttpCallFailure(token: number): void {
    this.#root.vm.defer(() => {
      this.code = STATUS_BROKEN_CONNECTION;
      this.message = "reset";
      this.#tellOfCall(token, 0, 0, 0);
      this.message = "";
    });
  }

  #tellOfCall(token: number, headers: number, body: number, trailers: number): void {
    const root = this.#root;
    const callback = root.vm.exports.onHttpCallResponse;
    if (callback === undefined || root.deleted) return;
    root.vm.callWith(root, callback, [root.id, token, headers, body, trailers]);
  }

  #tellOfName(token: number, addresses: readonly string[] | undefined): void {
    const root = this.#root;
    const callback = root.vm.exports.onResolveDns;
    if (callback === undefined || root.deleted) return;
    this.#addresses = addresses === undefined ? noBytes : encodeAddresses(addresses);
    root.vm.call3(root, callback, root.id, token, this.#addresses.length);
    this.#addresses = undefined;
  }
}
