import { FilterStatus } from "../../../contracts/network/filter.ts";
import type {
  ListenerFilter,
  ListenerFilterBuffer,
  ListenerFilterCallbacks,
} from "../../../contracts/network/listener-filter.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import {
  AcceptedContext,
  type AcceptedActions,
} from "../../../guest/wasm/proxy-wasm/accepted-context.ts";
import type { RootContext } from "../../../guest/wasm/proxy-wasm/root-context.ts";
import type { WasmVm } from "../../../guest/wasm/proxy-wasm/vm.ts";

/** What the guest asked for during the running callback, which counts more than what the callback returns. */
type Wish = "none" | "continue" | "close";

/**
 * One accepted socket of a Wasm plugin. Once the VM has failed the socket is closed, by whichever callback comes
 * first.
 */
export class WasmListenerFilter implements ListenerFilter, AcceptedActions {
  readonly #root: RootContext;
  readonly #vm: WasmVm;
  #callbacks!: ListenerFilterCallbacks;
  /** Undefined before the socket came here, and after the filter is done with it. */
  #context: AcceptedContext | undefined = undefined;
  #inCallback = false;
  #wish: Wish = "none";

  constructor(root: RootContext) {
    this.#root = root;
    this.#vm = root.vm;
  }

  onAccept(callbacks: ListenerFilterCallbacks): FilterStatus {
    this.#callbacks = callbacks;
    const vm = this.#vm;
    const { onContextCreate, onAccept } = vm.exports;
    const context = new AcceptedContext(this.#root, vm.takeContextId(), this);
    this.#context = context;
    vm.add(context);
    if (onContextCreate !== undefined) {
      vm.call2(context, onContextCreate, context.id, this.#root.id);
    }
    if (onAccept === undefined) return this.#status(0);
    this.#begin();
    return this.#status(vm.call1(context, onAccept, context.id));
  }

  onData(buffer: ListenerFilterBuffer): FilterStatus {
    const context = this.#context;
    if (context === undefined) return FilterStatus.Continue;
    const vm = this.#vm;
    const { onFirstBytes } = vm.exports;
    if (onFirstBytes === undefined) return this.#status(0);
    const { bytes } = buffer;
    context.firstBytes = bytes;
    context.takenBytes = 0;
    this.#begin();
    const result = vm.call2(context, onFirstBytes, context.id, bytes.length);
    context.firstBytes = undefined;
    buffer.drain(context.takenBytes);
    return this.#status(result);
  }

  get maxReadBytes(): number {
    return this.#context?.wantedBytes ?? 0;
  }

  onClose(): void {
    this.#end();
  }

  get streamInfo(): StreamInfo {
    return this.#callbacks.streamInfo;
  }

  continueAccepting(): void {
    if (this.#inCallback) {
      if (this.#wish === "none") this.#wish = "continue";
    } else if (this.#context !== undefined) {
      this.#end();
      this.#callbacks.continueFilterChain(true);
    }
  }

  closeSocket(): void {
    if (this.#inCallback) this.#wish = "close";
    else if (this.#context !== undefined) this.#callbacks.continueFilterChain(false);
  }

  /** A socket that waits for the guest would wait until the time for listener filters is over. */
  onVmFailed(): void {
    if (this.#inCallback) return;
    this.#callbacks.dispatcher.post(() => {
      if (this.#goesOn) this.continueAccepting();
      else this.closeSocket();
    });
  }

  #begin(): void {
    this.#inCallback = true;
    this.#wish = "none";
  }

  #status(result: number): FilterStatus {
    this.#inCallback = false;
    const wish = this.#wish;
    this.#wish = "none";
    if (this.#vm.failure !== undefined) return this.#goesOn ? this.#done() : this.#close();
    if (wish === "close") return this.#close();
    return wish === "continue" || result === 0 ? this.#done() : FilterStatus.StopIteration;
  }

  #done(): FilterStatus {
    this.#end();
    return FilterStatus.Continue;
  }

  /** `onClose` follows. */
  #close(): FilterStatus {
    this.#callbacks.continueFilterChain(false);
    return FilterStatus.StopIteration;
  }

  #end(): void {
    const context = this.#context;
    if (context === undefined) return;
    this.#context = undefined;
    const vm = this.#vm;
    const { onDone, onDelete } = vm.exports;
    if (onDone !== undefined) vm.call1(context, onDone, context.id);
    if (onDelete !== undefined) vm.call1(context, onDelete, context.id);
    vm.forget(context);
  }

  /** A failed VM is nothing to this socket. */
  get #goesOn(): boolean {
    return this.#root.plugin.settings.liveStreamsGoOn;
  }
}
