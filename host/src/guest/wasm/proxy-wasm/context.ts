import {
  BUFFER_CALL_DATA,
  BUFFER_GRPC_RECEIVE,
  BUFFER_HTTP_CALL_RESPONSE_BODY,
  BUFFER_PLUGIN_CONFIGURATION,
  BUFFER_VM_CONFIGURATION,
} from "@sluice/abi";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { SslConnectionInfo } from "../../../contracts/network/connection.ts";
import type { Route } from "../../../contracts/router/route.ts";
import type { FilterState, StreamInfo } from "../../../contracts/stream-info.ts";
import type { RootContext } from "./root-context.ts";
import type { WasmVm } from "./vm.ts";
import type { ContextWatch } from "./watch/context-watch.ts";

/** What `proxy_send_local_response` was given. */
export interface LocalResponse {
  readonly status: number;
  readonly details: string;
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Undefined: to be made from the status. */
  readonly grpcStatus: number | undefined;
}

/** Bytes that exist but hold nothing and cannot be changed. */
export const emptyBytes = new Uint8Array(0);

/**
 * What host calls act on: the VM itself (id 0), the root of a plugin, or a stream. Here stands what a context
 * without a stream answers.
 */
export abstract class Context {
  readonly vm: WasmVm;
  readonly id: number;
  /** What stands after `wasm log` in its log lines. */
  readonly logPrefix: string;
  /** For the VM's table of contexts. */
  nextInTable: Context | undefined = undefined;
  /** Whoever follows what the guest does for this context. */
  watch: ContextWatch | undefined = undefined;

  constructor(vm: WasmVm, id: number, logPrefix: string) {
    this.vm = vm;
    this.id = id;
    this.logPrefix = logPrefix;
  }

  /** The plugin's root context; undefined for the VM's own. */
  abstract readonly root: RootContext | undefined;

  /** The map of this type, when it can be read now. */
  readableMap(_type: number): HeaderMap | undefined {
    return undefined;
  }

  /** The map of this type, when it can be changed now; made, when trailers may be added now. */
  writableMap(_type: number): HeaderMap | undefined {
    return undefined;
  }

  /** A map that `writableMap` gave has been changed. */
  mapChanged(_type: number): void {}

  /** True in `on_log`, where a map that is not there counts as empty. */
  get logging(): boolean {
    return false;
  }

  /** A body that can be changed, bytes that cannot, or undefined when there is no such buffer now. */
  buffer(type: number): DataBuffer | Uint8Array | undefined {
    switch (type) {
      case BUFFER_VM_CONFIGURATION:
        return this.vm.plugin.settings.vm.configuration;
      case BUFFER_PLUGIN_CONFIGURATION:
      case BUFFER_HTTP_CALL_RESPONSE_BODY:
        return undefined;
      case BUFFER_GRPC_RECEIVE:
      case BUFFER_CALL_DATA:
      default:
        return emptyBytes;
    }
  }

  /** Goes on after a Stop of this stream type; nothing where there is no such stream. */
  continueStream(_type: number): void {}

  closeStream(_type: number): void {}

  clearRouteCache(): void {}

  sendLocalResponse(_response: LocalResponse): void {}

  /** The stream that properties are asked of. */
  get streamInfo(): StreamInfo | undefined {
    return undefined;
  }

  /** The route of the stream, looked up if need be. */
  get route(): Route | undefined {
    return this.streamInfo?.route;
  }

  /** Of the client's connection; undefined in plain text. */
  get ssl(): SslConnectionInfo | undefined {
    return this.streamInfo?.downstreamSsl;
  }

  /** What the streams of the connection share. */
  get connectionState(): FilterState | undefined {
    return undefined;
  }

  /** The VM has trapped: whatever waits for the guest must not wait for ever. */
  onVmFailed(): void {}
}

/** Id 0: what start functions and allocations run on. */
export class VmContext extends Context {
  readonly root = undefined;

  constructor(vm: WasmVm) {
    super(vm, 0, "");
  }
}
