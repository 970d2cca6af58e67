import {
  MAP_GRPC_RECEIVE_INITIAL_METADATA,
  MAP_GRPC_RECEIVE_TRAILING_METADATA,
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from "@sluice/abi";
import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import { type GrpcCallHead, GrpcClient, type GrpcEnvironment } from "../../../grpc/grpc-client.ts";
import { awaitCluster } from "./await-cluster.ts";
import { GrpcCallEntry, type GrpcCallOwner } from "./grpc-call-entry.ts";
import type { GuestCallback } from "./guest-exports.ts";
import type { CallLimits } from "./http-calls.ts";
import type { RootContext } from "./root-context.ts";

/** The gRPC calls and streams of one plugin, and what the guest sees of their answers. */
export class GrpcCalls implements GrpcCallOwner {
  readonly #root: RootContext;
  readonly #environment: GrpcEnvironment | undefined;
  readonly #limits: CallLimits;
  readonly #entries = new Map<number, GrpcCallEntry>();
  /** Of the messages of the calls under way. */
  #bytes = 0;
  /** During the callback that is about it. */
  #metadata: HeaderMap | undefined = undefined;
  #metadataMap = 0;
  /** As above. */
  message: Uint8Array | undefined = undefined;

  /** `environment`: undefined in canary runs, whose calls are never made. */
  constructor(root: RootContext, environment: GrpcEnvironment | undefined, limits: CallLimits) {
    this.#root = root;
    this.#environment = environment;
    this.#limits = limits;
  }

  /**
   * Calls a method: a status. `message`: undefined for a stream. When it is Ok, callbacks of the guest follow, the last
   * of which is proxy_on_grpc_close, or proxy_on_grpc_receive for a call that succeeds. `patient`: a cluster that does
   * not exist may still come.
   */
  open(
    token: number,
    service: GrpcServiceConfig,
    head: GrpcCallHead,
    message: Uint8Array | undefined,
    patient: boolean,
  ): number {
    const bytes = message?.length ?? 0;
    const { httpCalls, callBytes } = this.#limits;
    if (this.#entries.size >= httpCalls || this.#bytes + bytes > callBytes) {
      this.#root.vm.stats.inputLimitExceeded.inc();
      return STATUS_INTERNAL_FAILURE;
    }
    const entry = new GrpcCallEntry(token, bytes, this);
    this.#entries.set(token, entry);
    this.#bytes += bytes;
    const environment = this.#environment;
    if (environment === undefined) return STATUS_OK;
    const client = new GrpcClient(service, environment);
    const begin = (): boolean => entry.begin(client, head, message);
    const { cluster } = service;
    if (patient && environment.clusters.getThreadLocalCluster(cluster) === undefined) {
      entry.waitsFor(awaitCluster(environment, cluster, () => entry.beginLate(begin)));
      return STATUS_OK;
    }
    if (begin()) return STATUS_OK;
    this.#remove(entry);
    return STATUS_INTERNAL_FAILURE;
  }

  #remove(entry: GrpcCallEntry): void {
    if (this.#entries.delete(entry.token)) this.#bytes -= entry.messageBytes;
  }

  /** NotFound when there is no such stream, BadArgument when it takes nothing more. */
  send(token: number, message: Uint8Array, endStream: boolean): number {
    const entry = this.#entries.get(token);
    if (entry === undefined) return STATUS_NOT_FOUND;
    return entry.send(message, endStream) ? STATUS_OK : STATUS_BAD_ARGUMENT;
  }

  /** Ends what is sent on a stream; cancels a call. */
  close(token: number, isStream: boolean): number {
    if (!isStream) return this.cancel(token);
    const entry = this.#entries.get(token);
    entry?.end();
    return entry === undefined ? STATUS_NOT_FOUND : STATUS_OK;
  }

  /** The guest hears nothing more of it. */
  cancel(token: number): number {
    const entry = this.#entries.get(token);
    if (entry === undefined) return STATUS_NOT_FOUND;
    this.#remove(entry);
    entry.cancel();
    return STATUS_OK;
  }

  /** The guest is to hear of nothing any more. */
  cancelAll(): void {
    for (const entry of this.#entries.values()) entry.cancel();
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** The metadata that the guest is being told of. */
  metadata(map: number): HeaderMap | undefined {
    return map === this.#metadataMap ? this.#metadata : undefined;
  }

  // What comes back. It may come while guest code runs, which then is told of it afterwards.

  onInitialMetadata(entry: GrpcCallEntry, metadata: HeaderMap): void {
    const callback = this.#root.vm.exports.onGrpcReceiveInitialMetadata;
    this.#tellMetadata(entry, callback, MAP_GRPC_RECEIVE_INITIAL_METADATA, metadata);
  }

  onMessage(entry: GrpcCallEntry, message: Buffer, isLast: boolean): void {
    this.#whenIdle(entry, () => {
      if (isLast) this.#remove(entry);
      this.message = message;
      this.#tell(entry, this.#root.vm.exports.onGrpcReceive, message.length);
      this.message = undefined;
    });
  }

  onTrailingMetadata(entry: GrpcCallEntry, metadata: HeaderMap): void {
    const callback = this.#root.vm.exports.onGrpcReceiveTrailingMetadata;
    this.#tellMetadata(entry, callback, MAP_GRPC_RECEIVE_TRAILING_METADATA, metadata);
  }

  onClose(entry: GrpcCallEntry, status: number, text: string): void {
    this.#whenIdle(entry, () => {
      const root = this.#root;
      root.callouts.code = status;
      root.callouts.message = text;
      this.#tell(entry, root.vm.exports.onGrpcClose, status);
      root.callouts.message = "";
      this.#remove(entry);
    });
  }

  #tellMetadata(
    entry: GrpcCallEntry,
    callback: GuestCallback | undefined,
    map: number,
    metadata: HeaderMap,
  ): void {
    this.#whenIdle(entry, () => {
      this.#metadataMap = map;
      this.#metadata = metadata;
      this.#tell(entry, callback, metadata.size);
      this.#metadata = undefined;
    });
  }

  /** Runs `action` when no guest code runs, unless the guest has let go of the call by then. */
  #whenIdle(entry: GrpcCallEntry, action: () => void): void {
    this.#root.vm.defer(() => {
      if (this.#entries.get(entry.token) === entry) action();
    });
  }

  #tell(entry: GrpcCallEntry, callback: GuestCallback | undefined, value: number): void {
    const root = this.#root;
    if (callback !== undefined) root.vm.call3(root, callback, root.id, entry.token, value);
  }
}
