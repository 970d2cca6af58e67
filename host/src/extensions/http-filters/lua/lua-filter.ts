import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  LocalErrorStatus,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
  type StreamFilterCallbacks,
} from "../../../contracts/http/filter.ts";
import type { Logger } from "../../../contracts/log.ts";
import type { AsyncClient } from "../../../contracts/upstream/async-client.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";
import type { Counter } from "../../../contracts/stats.ts";
import { logText } from "../../../guest/lua/api/log-text.ts";
import type { Struct } from "../../../guest/lua/api/values.ts";
import type { ScriptStats } from "../../../guest/lua/script-stats.ts";
import { StreamHandle } from "../../../guest/lua/stream-handle.ts";
import type { StreamSide } from "../../../guest/lua/stream-side.ts";
import type { LuaScript } from "../../../guest/lua/lua-script.ts";
import { RequestTable } from "../../../guest/lua/request-table.ts";
import { HookWatch } from "../../../guest/lua/watch/hook-watch.ts";
import type { LuaScriptError } from "../../../guest/watch/guest-report.ts";
import type { Recent } from "../../../guest/watch/guest-reports.ts";
import type { WatchedGuest } from "../../../guest/watch/watched-guest.ts";
import type { ScriptChooser, ScriptStates } from "./scripts.ts";

type HookName = "envoy_on_request" | "envoy_on_response";

/** What the filters of one configuration share on a worker. */
export interface LuaFilterShared {
  readonly scripts: ScriptChooser;
  /** Where scripts make calls to. */
  readonly clusterManager: Pick<ClusterManager, "getThreadLocalCluster">;
  readonly clearRouteCache: boolean;
  readonly logger: Logger;
  readonly filterName: string;
  readonly stats: { readonly errors: Counter; readonly executions: Counter };
  /** What is known of the filter on this worker; undefined: nobody watches it. */
  readonly watched: WatchedGuest | undefined;
  /** Where errors of scripts are remembered. */
  readonly errors: Recent<LuaScriptError> | undefined;
  /** What the scripts make by `stats()`. */
  readonly scriptStats: ScriptStats;
}

/** `envoy.filters.http.lua` on one stream: a hook in each direction, independent of each other. */
export class LuaFilter implements StreamFilter {
  readonly #shared: LuaFilterShared;
  #decoder: StreamDecoderFilterCallbacks | undefined = undefined;
  #encoder: StreamEncoderFilterCallbacks | undefined = undefined;
  #request: StreamHandle | undefined = undefined;
  #response: StreamHandle | undefined = undefined;
  #requestTable: RequestTable | undefined = undefined;
  /** Whether the script may be used for this stream; undefined: not asked yet. */
  #admitted: boolean | undefined = undefined;
  #requestScript = "";
  #responseScript = "";
  #watch: HookWatch | undefined = undefined;
  #begun = false;

  constructor(shared: LuaFilterShared) {
    this.#shared = shared;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#decoder = callbacks;
  }

  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.#encoder = callbacks;
  }

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const decoder = this.#decoder!;
    const { states, filterContext, scriptName } = this.#shared.scripts.choose(decoder);
    const script = this.#scriptOf(states);
    if (script?.requestHook === undefined) return FilterHeadersStatus.Continue;
    this.#shared.stats.executions.inc();
    const side = new RequestSide(this, this.#shared, decoder, filterContext);
    this.#request = new StreamHandle(script, side, headers, endStream);
    this.#requestScript = scriptName;
    this.#request.watch = this.#watchOf(decoder);
    return this.#request.start(script.requestHook);
  }

  decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    return this.#request?.onData(data, endStream) ?? FilterDataStatus.Continue;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    return this.#request?.onTrailers(trailers) ?? FilterTrailersStatus.Continue;
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    const encoder = this.#encoder!;
    const { states, filterContext, scriptName } = this.#shared.scripts.choose(encoder);
    const script = this.#scriptOf(states);
    if (script?.responseHook === undefined) return FilterHeadersStatus.Continue;
    this.#shared.stats.executions.inc();
    const side = new ResponseSide(this, this.#shared, encoder, filterContext);
    this.#response = new StreamHandle(script, side, headers, endStream);
    this.#responseScript = scriptName;
    this.#response.watch = this.#watchOf(encoder);
    return this.#response.start(script.responseHook);
  }

  encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    return this.#response?.onData(data, endStream) ?? FilterDataStatus.Continue;
  }

  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    return this.#response?.onTrailers(trailers) ?? FilterTrailersStatus.Continue;
  }

  /** Whoever waits for something of the stream is not told of it any more. */
  onLocalReply(): LocalErrorStatus {
    this.#request?.abandon();
    this.#response?.abandon();
    return LocalErrorStatus.Continue;
  }

  onDestroy(): void {
    this.#request?.onDestroy();
    this.#response?.onDestroy();
    this.#request = undefined;
    this.#response = undefined;
    this.#requestTable?.release();
    this.#watch?.over();
  }

  /** What `sluice.request` of both hooks gives. */
  get requestTable(): RequestTable {
    this.#requestTable ??= new RequestTable();
    return this.#requestTable;
  }

  /** The state to run a hook in; undefined when there is none, or the script has had its share of the worker. */
  #scriptOf(states: ScriptStates | undefined): LuaScript | undefined {
    if (states === undefined) return undefined;
    this.#admitted ??= states.admits();
    return this.#admitted ? states.current : undefined;
  }

  /** A Lua error: the script's part ends, the stream passes. */
  onScriptError(hook: HookName, text: string, traceback: string): void {
    const { stats, logger, filterName } = this.#shared;
    stats.errors.inc();
    this.#remember(hook, traceback === "" ? text : `${text}\n${traceback}`);
    logger.error(`script log: ${logText(text)}`);
    if (traceback === "") return;
    const where = `lua filter "${filterName}", script "${this.#scriptOfHook(hook)}", ${hook}`;
    logger.error(`${where}: ${logText(traceback)}`);
  }

  /** The state is lost: for the stream no more than a script error; a spare state serves the next one. */
  onTrap(hook: HookName, reason: string): void {
    this.#shared.stats.errors.inc();
    this.#remember(hook, `${reason}; its state is replaced`);
    this.#shared.logger.error(
      `script log: lua filter "${this.#shared.filterName}", ${hook}: ${reason}; its state is replaced`,
    );
  }

  #remember(hook: HookName, text: string): void {
    const { errors, filterName } = this.#shared;
    const script = this.#scriptOfHook(hook);
    const timeMs = this.#decoder?.dispatcher.time.systemMs() ?? 0;
    errors?.add({ timeMs, filter: filterName, script, hook, text });
  }

  #scriptOfHook(hook: HookName): string {
    return hook === "envoy_on_request" ? this.#requestScript : this.#responseScript;
  }

  /** Both hooks of a stream are watched, or neither. */
  #watchOf({ streamInfo }: StreamFilterCallbacks): HookWatch | undefined {
    if (this.#begun) return this.#watch;
    this.#begun = true;
    const { watched } = this.#shared;
    if (watched?.watchesNext() === true) this.#watch = new HookWatch(watched, streamInfo);
    return this.#watch;
  }
}

/** The request hook's way to the stream. */
class RequestSide implements StreamSide {
  readonly isRequest = true;
  readonly stream: StreamDecoderFilterCallbacks;
  readonly filterName: string;
  readonly filterContext: Struct;
  readonly stats: ScriptStats;
  readonly #filter: LuaFilter;
  readonly #shared: LuaFilterShared;

  constructor(
    filter: LuaFilter,
    shared: LuaFilterShared,
    callbacks: StreamDecoderFilterCallbacks,
    filterContext: Struct,
  ) {
    this.#filter = filter;
    this.stream = callbacks;
    this.filterName = shared.filterName;
    this.filterContext = filterContext;
    this.stats = shared.scriptStats;
    this.#shared = shared;
  }

  bufferedBody(): DataBuffer | undefined {
    return this.stream.decodingBuffer();
  }

  modifyBody(change: (buffer: DataBuffer) => void): void {
    this.stream.modifyDecodingBuffer(change);
  }

  addBody(data: DataBuffer): void {
    this.stream.addDecodedData(data, false);
  }

  clearRouteCache(): void {
    if (this.#shared.clearRouteCache) this.stream.clearRouteCache();
  }

  dropRoute(): void {
    this.stream.clearRouteCache();
  }

  asyncClient(cluster: string): AsyncClient | undefined {
    return this.#shared.clusterManager.getThreadLocalCluster(cluster)?.httpAsyncClient();
  }

  continueIteration(): void {
    this.stream.continueDecoding();
  }

  respond(status: number, headers: readonly (readonly [string, string])[], body: string): void {
    this.stream.sendLocalReply({
      code: status,
      body,
      details: "lua_response",
      modifyHeaders: (map) => {
        for (const [name, value] of headers) {
          // A reply with a body has a content-type already; the script's own takes its place.
          if (name === "content-type") map.set(name, value);
          else map.add(name, value);
        }
      },
    });
  }

  get requestTable(): RequestTable {
    return this.#filter.requestTable;
  }

  onScriptError(text: string, traceback: string): void {
    this.#filter.onScriptError("envoy_on_request", text, traceback);
  }

  onTrap(reason: string): void {
    this.#filter.onTrap("envoy_on_request", reason);
  }
}

/** The response hook's way to the stream. */
class ResponseSide implements StreamSide {
  readonly isRequest = false;
  readonly stream: StreamEncoderFilterCallbacks;
  readonly filterName: string;
  readonly filterContext: Struct;
  readonly stats: ScriptStats;
  readonly #filter: LuaFilter;
  readonly #shared: LuaFilterShared;

  constructor(
    filter: LuaFilter,
    shared: LuaFilterShared,
    callbacks: StreamEncoderFilterCallbacks,
    filterContext: Struct,
  ) {
    this.#filter = filter;
    this.stream = callbacks;
    this.filterName = shared.filterName;
    this.filterContext = filterContext;
    this.stats = shared.scriptStats;
    this.#shared = shared;
  }

  bufferedBody(): DataBuffer | undefined {
    return this.stream.encodingBuffer();
  }

  modifyBody(change: (buffer: DataBuffer) => void): void {
    this.stream.modifyEncodingBuffer(change);
  }

  addBody(data: DataBuffer): void {
    this.stream.addEncodedData(data, false);
  }

  clearRouteCache(): void {
    // The response path has no route to choose any more.
  }

  dropRoute(): void {
    // The same.
  }

  asyncClient(cluster: string): AsyncClient | undefined {
    return this.#shared.clusterManager.getThreadLocalCluster(cluster)?.httpAsyncClient();
  }

  continueIteration(): void {
    this.stream.continueEncoding();
  }

  respond(): void {
    throw new Error("respond() is refused on the response path");
  }

  get requestTable(): RequestTable {
    return this.#filter.requestTable;
  }

  onScriptError(text: string, traceback: string): void {
    this.#filter.onScriptError("envoy_on_response", text, traceback);
  }

  onTrap(reason: string): void {
    this.#filter.onTrap("envoy_on_response", reason);
  }
}
