import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import { StreamInfoImpl } from "../../host/src/common/stream-info.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import type { StreamResetReason } from "../../host/src/contracts/http/codec.ts";
import {
  Filter1xxHeadersStatus,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterMetadataStatus,
  FilterTrailersStatus,
  LocalErrorStatus,
  type FilterChainFactoryCallbacks,
  type HttpFilterInstances,
  type LocalReplyData,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "../../host/src/contracts/http/filter.ts";
import type { MetadataMap } from "../../host/src/contracts/http/metadata.ts";
import type { Route } from "../../host/src/contracts/router/route.ts";
import type { ExtensionConfigProvider } from "../../host/src/contracts/runtime.ts";
import { FilterChain } from "../../host/src/http/filter-manager/filter-chain.ts";
import { FilterManager } from "../../host/src/http/filter-manager/filter-manager.ts";
import type { FilterManagerCallbacks } from "../../host/src/http/filter-manager/filter-manager-callbacks.ts";
import { SimulatedDispatcher } from "./simulated-dispatcher.ts";

export const bytes = (text: string): OwnedBuffer => OwnedBuffer.latin1(text);
export const textOf = (data: DataBuffer | undefined): string =>
  data === undefined ? "(none)" : data.toBuffer().toString("latin1");
/** `name: value` of every entry, joined with `|`. */
export const linesOf = (headers: HeaderMap): string => {
  const lines: string[] = [];
  for (let i = 0; i < headers.size; i += 1) {
    lines.push(`${headers.nameAt(i)}: ${headers.valueAt(i)}`);
  }
  return lines.join("|");
};

/** `a=b` of every entry, joined with `|`. */
export const metadataText = (metadata: MetadataMap): string =>
  [...metadata].map(([name, value]) => `${name}=${value}`).join("|");

/**
 * A filter in both chains that writes down what it is shown, in one journal with all others, and answers what the
 * test tells it. Entries: `A.decodeHeaders(end)`, `A.decodeData(text)`, `A.decodeData(text,end)` …
 */
export class ScriptedFilter implements StreamFilter {
  readonly name: string;
  readonly journal: string[];
  decoder!: StreamDecoderFilterCallbacks;
  encoder!: StreamEncoderFilterCallbacks;
  onDecodeHeaders: (headers: HeaderMap, end: boolean) => FilterHeadersStatus = () =>
    FilterHeadersStatus.Continue;
  onDecodeData: (data: DataBuffer, end: boolean) => FilterDataStatus = () =>
    FilterDataStatus.Continue;
  onDecodeTrailers: (trailers: HeaderMap) => FilterTrailersStatus = () =>
    FilterTrailersStatus.Continue;
  onEncode1xx: (headers: HeaderMap) => Filter1xxHeadersStatus = () =>
    Filter1xxHeadersStatus.Continue;
  onEncodeHeaders: (headers: HeaderMap, end: boolean) => FilterHeadersStatus = () =>
    FilterHeadersStatus.Continue;
  onEncodeData: (data: DataBuffer, end: boolean) => FilterDataStatus = () =>
    FilterDataStatus.Continue;
  onEncodeTrailers: (trailers: HeaderMap) => FilterTrailersStatus = () =>
    FilterTrailersStatus.Continue;
  onDecodeMetadata: (metadata: MetadataMap) => FilterMetadataStatus = () =>
    FilterMetadataStatus.Continue;
  onEncodeMetadata: (metadata: MetadataMap) => FilterMetadataStatus = () =>
    FilterMetadataStatus.Continue;
  localErrorStatus: LocalErrorStatus = LocalErrorStatus.Continue;
  destroyed = 0;

  constructor(name: string, journal: string[]) {
    this.name = name;
    this.journal = journal;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.decoder = callbacks;
  }
  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.encoder = callbacks;
  }
  decodeHeaders(headers: HeaderMap, end: boolean): FilterHeadersStatus {
    this.#note(`decodeHeaders(${end ? "end" : ""})`);
    return this.onDecodeHeaders(headers, end);
  }
  decodeData(data: DataBuffer, end: boolean): FilterDataStatus {
    this.#note(`decodeData(${textOf(data)}${end ? ",end" : ""})`);
    return this.onDecodeData(data, end);
  }
  decodeTrailers(trailers: HeaderMap): FilterTrailersStatus {
    this.#note("decodeTrailers()");
    return this.onDecodeTrailers(trailers);
  }
  decodeMetadata(metadata: MetadataMap): FilterMetadataStatus {
    this.#note(`decodeMetadata(${metadataText(metadata)})`);
    return this.onDecodeMetadata(metadata);
  }
  encode1xxHeaders(headers: HeaderMap): Filter1xxHeadersStatus {
    this.#note(`encode1xxHeaders(${headers.get(":status")})`);
    return this.onEncode1xx(headers);
  }
  encodeHeaders(headers: HeaderMap, end: boolean): FilterHeadersStatus {
    this.#note(`encodeHeaders(${end ? "end" : ""})`);
    return this.onEncodeHeaders(headers, end);
  }
  encodeData(data: DataBuffer, end: boolean): FilterDataStatus {
    this.#note(`encodeData(${textOf(data)}${end ? ",end" : ""})`);
    return this.onEncodeData(data, end);
  }
  encodeTrailers(trailers: HeaderMap): FilterTrailersStatus {
    this.#note("encodeTrailers()");
    return this.onEncodeTrailers(trailers);
  }
  encodeMetadata(metadata: MetadataMap): FilterMetadataStatus {
    this.#note(`encodeMetadata(${metadataText(metadata)})`);
    return this.onEncodeMetadata(metadata);
  }
  onLocalReply(data: LocalReplyData): LocalErrorStatus {
    this.#note(`onLocalReply(${data.code}${data.resetImminent ? ",reset" : ""})`);
    return this.localErrorStatus;
  }
  decodeComplete(): void {
    this.#note("decodeComplete()");
  }
  encodeComplete(): void {
    this.#note("encodeComplete()");
  }
  onStreamComplete(): void {
    this.#note("onStreamComplete()");
  }
  onDestroy(): void {
    this.destroyed += 1;
    this.#note("onDestroy()");
  }

  #note(text: string): void {
    this.journal.push(`${this.name}.${text}`);
  }
}

/** The last filter: takes the whole request, answers when the test says so. */
export class TerminalFilter extends ScriptedFilter {
  override onDecodeHeaders = (): FilterHeadersStatus => FilterHeadersStatus.StopIteration;
  override onDecodeData = (data: DataBuffer): FilterDataStatus => {
    this.body += textOf(data);
    data.drain(data.length);
    return FilterDataStatus.StopIterationNoBuffer;
  };
  override onDecodeTrailers = (): FilterTrailersStatus => FilterTrailersStatus.StopIteration;
  body = "";
}

export interface HarnessOptions {
  readonly bufferLimit?: number;
  readonly proxy100Continue?: boolean;
  readonly route?: Route;
  readonly requestHeaders?: HeaderMap;
  /** Names of the filters before the terminal one (`R`), which is always there. */
  readonly filters?: readonly string[];
  /** The filter has no encoder (or decoder) half. */
  readonly decoderOnly?: readonly string[];
  readonly encoderOnly?: readonly string[];
  readonly disabledByDefault?: readonly string[];
  readonly providers?: { readonly [name: string]: ExtensionConfigProvider };
  /** Real filters in the place of scripted ones. */
  readonly instances?: { readonly [name: string]: HttpFilterInstances };
  readonly dispatcher?: SimulatedDispatcher;
}

/** A filter manager with scripted filters, and what it does to the stream around it. Codec entries begin with `>`. */
export class FilterHarness implements FilterManagerCallbacks {
  readonly journal: string[] = [];
  readonly connection = undefined;
  readonly dispatcher: SimulatedDispatcher;
  readonly streamInfo: StreamInfoImpl;
  readonly streamId = 7;
  readonly proxy100Continue: boolean;
  readonly manager: FilterManager;
  readonly filters = new Map<string, ScriptedFilter>();
  readonly terminal: TerminalFilter;
  /** What the codec got. */
  status = "";
  responseHeaders: HeaderMap | undefined = undefined;
  body = "";
  trailers: HeaderMap | undefined = undefined;
  ended = false;
  reset = "";
  paused = 0;
  readonly requestTimeoutDisarmed: number[] = [];
  idleResets = 0;
  #route: Route | undefined;
  routeLookups = 0;

  constructor(options: HarnessOptions = {}) {
    this.dispatcher = options.dispatcher ?? new SimulatedDispatcher();
    this.proxy100Continue = options.proxy100Continue ?? false;
    this.#route = options.route;
    this.streamInfo = new StreamInfoImpl(this.dispatcher.time, {
      downstreamLocalAddress: undefined,
      downstreamRemoteAddress: undefined,
      downstreamDirectRemoteAddress: undefined,
      connectionId: 1,
      filterChainName: "",
      requestedServerName: "",
    });
    this.terminal = new TerminalFilter("R", this.journal);
    const names = options.filters ?? ["A", "B", "C"];
    const entries = names.map((name) => ({
      name,
      disabled: options.disabledByDefault?.includes(name) ?? false,
      instances:
        options.providers?.[name] === undefined
          ? (options.instances?.[name] ?? this.#instances(name, options))
          : undefined,
      provider: options.providers?.[name],
    }));
    const last = { name: "R", disabled: false, provider: undefined };
    const chain = new FilterChain([...entries, { ...last, instances: this.#terminalInstances() }]);
    this.manager = new FilterManager(this, chain, options.bufferLimit ?? 1_048_576);
    this.manager.setRequestHeaders(options.requestHeaders ?? requestHead());
    this.manager.createFilterChain();
  }

  filter(name: string): ScriptedFilter {
    const filter = this.filters.get(name);
    if (filter === undefined) throw new Error(`no filter ${name}`);
    return filter;
  }

  // What arrives from the client.

  request(endStream: boolean): this {
    if (endStream) this.manager.remoteDecodeComplete = true;
    this.manager.decodeHeaders(endStream);
    return this;
  }
  data(text: string, endStream = false): this {
    if (endStream) this.manager.remoteDecodeComplete = true;
    this.manager.decodeData(bytes(text), endStream);
    return this;
  }
  metadata(name: string, value: string): this {
    this.manager.decodeMetadata(new Map([[name, value]]));
    return this;
  }
  requestTrailers(entries: readonly (readonly [string, string])[] = [["t", "1"]]): this {
    this.manager.remoteDecodeComplete = true;
    this.manager.decodeTrailers(headerMapOf(entries));
    return this;
  }

  // What the terminal filter answers.

  respond(endStream: boolean, status = "200", ...more: (readonly [string, string])[]): this {
    const headers = headerMapOf([[":status", status], ...more]);
    this.terminal.decoder.encodeHeaders(headers, endStream, "via_upstream");
    return this;
  }
  respondData(text: string, endStream = false): this {
    this.terminal.decoder.encodeData(bytes(text), endStream);
    return this;
  }
  respondMetadata(name: string, value: string): this {
    this.terminal.decoder.encodeMetadata(new Map([[name, value]]));
    return this;
  }
  respondTrailers(entries: readonly (readonly [string, string])[] = [["t", "1"]]): this {
    this.terminal.decoder.encodeTrailers(headerMapOf(entries));
    return this;
  }

  /** The journal so far, and empties it. `only`: entries that contain one of these texts. */
  take(...only: string[]): string[] {
    const taken = this.journal.splice(0);
    return only.length === 0
      ? taken
      : taken.filter((entry) => only.some((text) => entry.includes(text)));
  }

  // FilterManagerCallbacks

  route(): Route | undefined {
    this.routeLookups += 1;
    return this.#route;
  }
  clearRouteCache(): void {
    this.journal.push("clearRouteCache()");
  }
  encode1xxHeaders(headers: HeaderMap): void {
    this.journal.push(`>1xx(${headers.get(":status")})`);
  }
  encodeHeaders(headers: HeaderMap, end: boolean): void {
    this.status = headers.get(":status") ?? "";
    this.responseHeaders = headers;
    this.journal.push(`>headers(${this.status}${end ? ",end" : ""})`);
  }
  encodeData(data: DataBuffer, end: boolean): void {
    this.body += textOf(data);
    this.journal.push(`>data(${textOf(data)}${end ? ",end" : ""})`);
    data.drain(data.length);
  }
  encodeMetadata(metadata: MetadataMap): void {
    this.journal.push(`>metadata(${metadataText(metadata)})`);
  }
  encodeTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.journal.push(">trailers()");
  }
  endStream(): void {
    this.ended = true;
    this.journal.push(">end");
    this.finish();
  }
  resetStream(reason: StreamResetReason, details: string): void {
    this.reset = reason;
    this.journal.push(`>reset(${reason}${details === "" ? "" : `, ${details}`})`);
    this.finish();
  }
  resetIdleTimer(): void {
    this.idleResets += 1;
  }
  disarmRequestTimeout(): void {
    this.requestTimeoutDisarmed.push(this.journal.length);
  }
  onLocalReply(code: number): void {
    this.journal.push(`localReply(${code})`);
  }
  onRequestDataTooLarge(): void {
    this.journal.push("requestDataTooLarge");
  }
  onResponseDataTooLarge(): void {
    this.journal.push("responseDataTooLarge");
  }
  onDecoderFilterAboveWriteBufferHighWatermark(): void {
    this.paused += 1;
    this.journal.push("pause");
  }
  onDecoderFilterBelowWriteBufferLowWatermark(): void {
    this.paused -= 1;
    this.journal.push("resume");
  }

  /** Runs what was posted to the dispatcher. */
  runPosted(): void {
    this.dispatcher.runPosted();
  }

  /** What the connection manager does when a stream is over. */
  finish(): void {
    this.manager.onStreamComplete();
    this.manager.log();
    this.manager.destroyFilters();
  }

  #instances(name: string, options: HarnessOptions): HttpFilterInstances {
    const given = options.instances?.[name];
    if (given !== undefined) return given;
    return {
      createFilters: (callbacks: FilterChainFactoryCallbacks) => {
        const filter = new ScriptedFilter(name, this.journal);
        this.filters.set(name, filter);
        if (options.decoderOnly?.includes(name)) callbacks.addStreamDecoderFilter(filter);
        else if (options.encoderOnly?.includes(name)) callbacks.addStreamEncoderFilter(filter);
        else callbacks.addStreamFilter(filter);
      },
    };
  }

  #terminalInstances(): HttpFilterInstances {
    return { createFilters: (callbacks) => callbacks.addStreamDecoderFilter(this.terminal) };
  }
}

export function requestHead(...more: (readonly [string, string])[]): HeaderMap {
  return headerMapOf([[":authority", "h.com"], [":path", "/"], [":method", "GET"], ...more]);
}

/** A route that decides about filters; everything else is as in an empty route. */
export function routeWith(parts: Partial<Route>): Route {
  return {
    name: "",
    virtualHostName: "",
    metadata: {},
    virtualHostMetadata: {},
    routeEntry: undefined,
    directResponse: undefined,
    perFilterConfig: () => undefined,
    perFilterConfigs: () => [],
    filterDisabled: () => undefined,
    finalizeResponseHeaders: () => undefined,
    ...parts,
  };
}
