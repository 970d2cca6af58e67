import type { HeaderMap } from "../../../contracts/headers.ts";
import { StreamResetReason } from "../../../contracts/http/codec.ts";
import type {
  StreamDecoderFilterCallbacks,
  StreamEncoderFilterCallbacks,
} from "../../../contracts/http/filter.ts";
import type { SslConnectionInfo } from "../../../contracts/network/connection.ts";
import type { Route } from "../../../contracts/router/route.ts";
import type { FilterState, StreamInfo } from "../../../contracts/stream-info.ts";
import type { LocalResponse } from "../../../guest/wasm/proxy-wasm/context.ts";
import type {
  HttpContext,
  HttpStreamActions,
} from "../../../guest/wasm/proxy-wasm/http-context.ts";
import type { RootContext } from "../../../guest/wasm/proxy-wasm/root-context.ts";
import type { WasmVm } from "../../../guest/wasm/proxy-wasm/vm.ts";

const grpcUnavailable = 14;

/** What a guest may do to a stream, and what becomes of the stream when the guest's VM fails. */
export abstract class WasmStream implements HttpStreamActions {
  protected root: RootContext;
  protected vm: WasmVm;
  protected context: HttpContext | undefined = undefined;
  protected decoder!: StreamDecoderFilterCallbacks;
  protected encoder!: StreamEncoderFilterCallbacks;
  protected destroyed = false;
  /** The client has been answered from here. */
  protected replied = false;
  /** The guest asked for a second answer during the running callback. */
  protected replyIgnored = false;
  protected inCallback = false;
  protected decodingStopped = false;
  protected encodingStopped = false;
  protected bufferingRequest = false;
  protected bufferingResponse = false;

  constructor(root: RootContext) {
    this.root = root;
    this.vm = root.vm;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.decoder = callbacks;
  }

  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.encoder = callbacks;
  }

  get streamInfo(): StreamInfo {
    return this.decoder.streamInfo;
  }

  get ssl(): SslConnectionInfo | undefined {
    return this.decoder.connection?.ssl;
  }

  get route(): Route | undefined {
    return this.decoder.route();
  }

  get connectionState(): FilterState | undefined {
    return this.decoder.connection?.streamInfo.filterState;
  }

  continueDecoding(): void {
    if (this.destroyed || this.replied) return;
    if (this.inCallback) {
      // Not before the status of the running callback has been taken.
      this.decoder.dispatcher.post(() => this.continueDecoding());
    } else if (this.decodingStopped) {
      this.decodingStopped = false;
      this.bufferingRequest = false;
      this.decoder.continueDecoding();
    }
  }

  continueEncoding(): void {
    if (this.destroyed) return;
    if (this.inCallback) {
      this.decoder.dispatcher.post(() => this.continueEncoding());
    } else if (this.encodingStopped) {
      this.encodingStopped = false;
      this.bufferingResponse = false;
      this.encoder.continueEncoding();
    }
  }

  sendLocalReply(response: LocalResponse): void {
    if (this.destroyed) return;
    if (this.replied) {
      this.replyIgnored = true;
      return;
    }
    this.replied = true;
    const { headers } = response;
    this.decoder.sendLocalReply({
      code: response.status,
      body: response.body,
      details: response.details,
      grpcStatus: response.grpcStatus,
      modifyHeaders: headers.length === 0 ? undefined : (map) => addAll(map, headers),
    });
  }

  resetStream(details: string): void {
    if (this.destroyed) return;
    const known = this.decoder.streamInfo.responseCodeDetails;
    this.decoder.resetStream(StreamResetReason.LocalReset, known === "" ? details : known);
  }

  clearRouteCache(): void {
    this.decoder.clearRouteCache();
  }

  addDecodedTrailers(): HeaderMap {
    return this.decoder.addDecodedTrailers();
  }

  addEncodedTrailers(): HeaderMap {
    return this.encoder.addEncodedTrailers();
  }

  /** A stream that waits for the guest would wait for ever. */
  onVmFailed(): void {
    if (this.inCallback || !(this.decodingStopped || this.encodingStopped)) return;
    this.decoder.dispatcher.post(() => {
      if (!this.goesOn) return this.failStream();
      this.continueDecoding();
      this.continueEncoding();
    });
  }

  /** A failed VM is nothing to this stream. */
  protected get goesOn(): boolean {
    return this.root.plugin.settings.liveStreamsGoOn && !this.replied;
  }

  protected failStream(): void {
    if (this.replied || this.destroyed) return;
    this.replied = true;
    this.decoder.sendLocalReply({
      code: 503,
      body: "",
      details: "wasm_fail_stream",
      grpcStatus: grpcUnavailable,
    });
  }
}

/** Names and values that may not stand in a response were refused when the guest gave them. */
function addAll(map: HeaderMap, headers: readonly (readonly [string, string])[]): void {
  for (const [name, value] of headers) map.add(name, value);
}
