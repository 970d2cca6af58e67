import {
  BUFFER_DOWNSTREAM_DATA,
  BUFFER_GRPC_RECEIVE,
  BUFFER_HTTP_CALL_RESPONSE_BODY,
  BUFFER_UPSTREAM_DATA,
  STREAM_DOWNSTREAM,
  STREAM_UPSTREAM,
} from "@sluice/abi";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { Connection, SslConnectionInfo } from "../../../contracts/network/connection.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { FilterState, StreamInfo } from "../../../contracts/stream-info.ts";
import { Context, emptyBytes } from "./context.ts";
import { OpenedConnections } from "./opened-connections.ts";
import type { RootContext } from "./root-context.ts";

/** What a network context may do to its connection. Called when no guest code is on the stack. */
export interface ConnectionActions {
  /** Hands what the client has sent to the filters behind this one. */
  continueReading(): void;
  /** Closes the client's connection when what was written to it has left. */
  closeConnection(details: string): void;
  /** The VM has trapped in somebody else's call. */
  onVmFailed(): void;
  /** Sends to the client, past the filters behind this one. */
  writeToClient(bytes: Buffer, endStream: boolean): void;
  readonly connection: Connection;
}

/**
 * One connection in the guest. The filter sets what the running callback may see, and leaves it there while the
 * guest holds it back; what is undefined is not available now.
 */
export class NetworkContext extends Context {
  override readonly root: RootContext;
  downstreamData: DataBuffer | undefined;
  upstreamData: DataBuffer | undefined;
  /** What the guest has opened, once it has. */
  opened: OpenedConnections | undefined;
  readonly #actions: ConnectionActions;

  constructor(root: RootContext, id: number, actions: ConnectionActions) {
    super(root.vm, id, root.streamLogPrefix);
    this.root = root;
    this.downstreamData = undefined;
    this.upstreamData = undefined;
    this.opened = undefined;
    this.#actions = actions;
  }

  /** The connections that the guest opens. */
  get connections(): OpenedConnections {
    this.opened ??= new OpenedConnections(this, this.#actions.connection);
    return this.opened;
  }

  /** When no guest code runs. */
  writeToClient(bytes: Buffer, endStream: boolean): void {
    this.vm.defer(() => this.#actions.writeToClient(bytes, endStream));
  }

  override readableMap(type: number): HeaderMap | undefined {
    return this.root.readableMap(type);
  }

  override buffer(type: number): DataBuffer | Uint8Array | undefined {
    switch (type) {
      case BUFFER_DOWNSTREAM_DATA:
        return this.downstreamData ?? emptyBytes;
      case BUFFER_UPSTREAM_DATA:
        return this.upstreamData ?? emptyBytes;
      case BUFFER_HTTP_CALL_RESPONSE_BODY:
      case BUFFER_GRPC_RECEIVE:
        return this.root.buffer(type);
      default:
        return super.buffer(type);
    }
  }

  /** Of the two directions only what the client sends can be resumed; the other goes on with the next write. */
  override continueStream(type: number): void {
    if (type !== STREAM_DOWNSTREAM) return;
    this.watch?.continued(type);
    this.vm.defer(() => this.#actions.continueReading());
  }

  /** Both sides mean the client's connection, which is the filter's. */
  override closeStream(type: number): void {
    if (type === STREAM_DOWNSTREAM) {
      this.vm.defer(() => this.#actions.closeConnection("wasm_downstream_close"));
    } else if (type === STREAM_UPSTREAM) {
      this.vm.defer(() => this.#actions.closeConnection("wasm_upstream_close"));
    }
  }

  override get streamInfo(): StreamInfo {
    return this.#actions.connection.streamInfo;
  }

  override get ssl(): SslConnectionInfo | undefined {
    return this.#actions.connection.ssl;
  }

  override get connectionState(): FilterState {
    return this.streamInfo.filterState;
  }

  override onVmFailed(): void {
    this.opened?.closeAll();
    this.#actions.onVmFailed();
  }
}
