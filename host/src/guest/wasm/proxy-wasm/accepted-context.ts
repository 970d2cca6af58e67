import {
  BUFFER_DOWNSTREAM_DATA,
  BUFFER_GRPC_RECEIVE,
  BUFFER_HTTP_CALL_RESPONSE_BODY,
  STREAM_DOWNSTREAM,
} from "@sluice/abi";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { FilterState, StreamInfo } from "../../../contracts/stream-info.ts";
import { Context, emptyBytes } from "./context.ts";
import type { RootContext } from "./root-context.ts";

/** What the context of an accepted socket may do to it. Called when no guest code is on the stack. */
export interface AcceptedActions {
  /** Goes on with the next listener filter, or with the connection. */
  continueAccepting(): void;
  closeSocket(): void;
  /** The VM has trapped in somebody else's call. */
  onVmFailed(): void;
  readonly streamInfo: StreamInfo;
}

/** A socket that was accepted and is not a connection yet, in the guest: what `sluice_on_accept` is about. */
export class AcceptedContext extends Context {
  override readonly root: RootContext;
  /** The first bytes, while the guest is shown them. They belong to the connection: it cannot change them. */
  firstBytes: Uint8Array | undefined;
  /** How many bytes the guest wants to see. */
  wantedBytes: number;
  /** How many of the bytes shown it has taken away, during the running callback. */
  takenBytes: number;
  readonly #actions: AcceptedActions;

  constructor(root: RootContext, id: number, actions: AcceptedActions) {
    super(root.vm, id, root.streamLogPrefix);
    this.root = root;
    this.firstBytes = undefined;
    this.wantedBytes = 0;
    this.takenBytes = 0;
    this.#actions = actions;
  }

  override readableMap(type: number): HeaderMap | undefined {
    return this.root.readableMap(type);
  }

  override buffer(type: number): DataBuffer | Uint8Array | undefined {
    if (type === BUFFER_DOWNSTREAM_DATA) return this.firstBytes ?? emptyBytes;
    const isAnswer = type === BUFFER_HTTP_CALL_RESPONSE_BODY || type === BUFFER_GRPC_RECEIVE;
    return isAnswer ? this.root.buffer(type) : super.buffer(type);
  }

  override continueStream(type: number): void {
    if (type !== STREAM_DOWNSTREAM) return;
    this.watch?.continued(type);
    this.vm.defer(() => this.#actions.continueAccepting());
  }

  override closeStream(type: number): void {
    if (type === STREAM_DOWNSTREAM) this.vm.defer(() => this.#actions.closeSocket());
  }

  override get streamInfo(): StreamInfo {
    return this.#actions.streamInfo;
  }

  override get connectionState(): FilterState {
    return this.streamInfo.filterState;
  }

  override onVmFailed(): void {
    this.#actions.onVmFailed();
  }
}
