import type { DataBuffer } from "../../contracts/buffer.ts";
import type { StreamFilterCallbacks } from "../../contracts/http/filter.ts";
import type { AsyncClient } from "../../contracts/upstream/async-client.ts";
import type { Struct } from "./api/values.ts";
import type { RequestTable } from "./request-table.ts";
import type { ScriptStats } from "./script-stats.ts";

/** One direction of the stream, as the handle sees it; implemented by the filter. */
export interface StreamSide {
  /** `respond` exists on the request side only. */
  readonly isRequest: boolean;
  bufferedBody(): DataBuffer | undefined;
  modifyBody(change: (buffer: DataBuffer) => void): void;
  /** Appends to the stream's buffer. */
  addBody(data: DataBuffer): void;
  /** What else there is to know of the stream. */
  readonly stream: StreamFilterCallbacks;
  /** The key of the filter's own metadata. */
  readonly filterName: string;
  /** `LuaPerRoute.filter_context`; empty when there is none. */
  readonly filterContext: Struct;
  /** What `stats()` of the script makes. */
  readonly stats: ScriptStats;
  /** What the hooks of the stream have in common. */
  readonly requestTable: RequestTable;
  /** Before each change of the request headers. */
  clearRouteCache(): void;
  /** Undefined: there is no such cluster. */
  asyncClient(cluster: string): AsyncClient | undefined;
  /** Takes up what a callout had held back. */
  continueIteration(): void;
  /** The script wants the route looked up again; nothing happens on the response side. */
  dropRoute(): void;
  respond(status: number, headers: readonly (readonly [string, string])[], body: string): void;
  /** `traceback`: empty when there is none. */
  onScriptError(text: string, traceback: string): void;
  /** The script's state is lost; the stream passes all the same. */
  onTrap(reason: string): void;
}
