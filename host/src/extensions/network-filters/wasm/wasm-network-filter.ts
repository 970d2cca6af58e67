import { CLOSE_LOCAL, CLOSE_REMOTE, CLOSE_UNKNOWN } from "@sluice/abi";
import { OwnedBuffer } from "../../../common/data-buffer.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import {
  type Connection,
  type ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionEvent,
  ConnectionState,
} from "../../../contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
  type WriteFilter,
  type WriteFilterCallbacks,
} from "../../../contracts/network/filter.ts";
import {
  type ConnectionActions,
  NetworkContext,
} from "../../../guest/wasm/proxy-wasm/network-context.ts";
import type { RootContext } from "../../../guest/wasm/proxy-wasm/root-context.ts";
import type { WasmVm } from "../../../guest/wasm/proxy-wasm/vm.ts";

/**
 * One connection of a Wasm plugin: hands what passes to the guest and the guest's wishes to the connection. Once the
 * VM has failed the connection is closed, by whichever callback comes first.
 */
export class WasmNetworkFilter
  implements ReadFilter, WriteFilter, ConnectionCallbacks, ConnectionActions
{
  readonly #root: RootContext;
  readonly #vm: WasmVm;
  readonly connection: Connection;
  #callbacks!: ReadFilterCallbacks;
  #writing!: WriteFilterCallbacks;
  #context: NetworkContext | undefined = undefined;
  /** The guest holds the client's side back; nothing else resumes it. */
  #readingStopped = false;
  /** The filters behind this one have been resumed during the running callback. */
  #resumed = false;

  constructor(root: RootContext, connection: Connection) {
    this.#root = root;
    this.#vm = root.vm;
    this.connection = connection;
  }

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
    this.connection.addConnectionCallbacks(this);
  }

  initializeWriteFilterCallbacks(callbacks: WriteFilterCallbacks): void {
    this.#writing = callbacks;
  }

  onNewConnection(): FilterStatus {
    const vm = this.#vm;
    const { onContextCreate, onNewConnection } = vm.exports;
    const context = new NetworkContext(this.#root, vm.takeContextId(), this);
    this.#context = context;
    vm.add(context);
    if (onContextCreate !== undefined) {
      vm.call2(context, onContextCreate, context.id, this.#root.id);
    }
    if (onNewConnection === undefined || vm.failure !== undefined) return this.#readStatus(0);
    this.#resumed = false;
    return this.#readStatus(vm.call1(context, onNewConnection, context.id));
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    const context = this.#context;
    const vm = this.#vm;
    if (context === undefined) return FilterStatus.Continue;
    const callback = vm.exports.onDownstreamData;
    if (callback === undefined || vm.failure !== undefined) return this.#readStatus(0);
    context.downstreamData = data;
    this.#resumed = false;
    const result = vm.call3(context, callback, context.id, data.length, endStream ? 1 : 0);
    const status = this.#readStatus(result);
    if (status === FilterStatus.Continue) context.downstreamData = undefined;
    return status;
  }

  onWrite(data: DataBuffer, endStream: boolean): FilterStatus {
    const context = this.#context;
    const vm = this.#vm;
    if (context === undefined) return FilterStatus.Continue;
    const { onUpstreamData, onUpstreamConnectionClose } = vm.exports;
    let result = 0;
    if (onUpstreamData !== undefined) {
      context.upstreamData = data;
      result = vm.call3(context, onUpstreamData, context.id, data.length, endStream ? 1 : 0);
      if (result === 0) context.upstreamData = undefined;
    }
    // All that the guest hears of the upstream's end, whoever it was.
    if (endStream && onUpstreamConnectionClose !== undefined && vm.failure === undefined) {
      vm.call2(context, onUpstreamConnectionClose, context.id, CLOSE_UNKNOWN);
    }
    return this.#status(result);
  }

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected) return;
    const context = this.#context;
    if (context === undefined) return;
    this.#context = undefined;
    context.opened?.closeAll();
    const vm = this.#vm;
    const { onDownstreamConnectionClose, onDone, onLog, onDelete } = vm.exports;
    if (onDownstreamConnectionClose !== undefined) {
      const closer = event === ConnectionEvent.LocalClose ? CLOSE_LOCAL : CLOSE_REMOTE;
      vm.call2(context, onDownstreamConnectionClose, context.id, closer);
    }
    if (onDone !== undefined) vm.call1(context, onDone, context.id);
    if (onLog !== undefined) vm.call1(context, onLog, context.id);
    if (onDelete !== undefined) vm.call1(context, onDelete, context.id);
    vm.forget(context);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#context?.opened?.onClientBackedUp(true);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#context?.opened?.onClientBackedUp(false);
  }

  writeToClient(bytes: Buffer, endStream: boolean): void {
    this.#writing.injectWriteDataToFilterChain(OwnedBuffer.of(bytes), endStream);
  }

  continueReading(): void {
    if (this.#context === undefined) return;
    this.#resumed = true;
    this.#readingStopped = false;
    this.#context.downstreamData = undefined;
    this.#callbacks.continueReading();
  }

  closeConnection(details: string): void {
    this.connection.close(ConnectionCloseType.FlushWrite, details);
  }

  /** A connection that waits for the guest would wait for ever. */
  onVmFailed(): void {
    if (!this.#waits) return;
    this.connection.dispatcher.post(() => {
      if (!this.#goesOn) this.closeConnection("");
      else if (this.#readingStopped) this.continueReading();
    });
  }

  /** Of a callback on the way from the client. */
  #readStatus(result: number): FilterStatus {
    const status = this.#status(result);
    this.#readingStopped = status === FilterStatus.StopIteration && !this.#resumed;
    // What has been resumed has seen all there is, its end too.
    return this.#resumed ? FilterStatus.StopIteration : status;
  }

  #status(result: number): FilterStatus {
    if (this.#vm.failure !== undefined) return this.#statusAfterFailure();
    return result === 0 ? FilterStatus.Continue : FilterStatus.StopIteration;
  }

  #statusAfterFailure(): FilterStatus {
    if (this.#goesOn) return FilterStatus.Continue;
    if (this.connection.state < ConnectionState.Closing) this.closeConnection("");
    return FilterStatus.StopIteration;
  }

  /** Nobody but the guest will do anything for the connection. */
  get #waits(): boolean {
    return this.#readingStopped || this.#context?.opened !== undefined;
  }

  /** A failed VM is nothing to this connection. */
  get #goesOn(): boolean {
    return this.#root.plugin.settings.liveStreamsGoOn;
  }
}
