import type { JsonObject } from "@bufbuild/protobuf";
import type { TrafficCase } from "../lib/traffic.ts";

/** A script, what is sent to it, and what is known of a difference between Sluice and Envoy. */
export interface LuaCase extends Omit<TrafficCase, "path"> {
  /** Of the route; where there is none, the filter's default script runs. */
  readonly script?: string;
  /** Runs as an upstream filter of the case's own cluster. */
  readonly upstreamScript?: string;
  /** Behind the case's own prefix. */
  readonly path?: string;
  /** Instead of the prefix and `path`. */
  readonly wholePath?: string;
  /** More of `LuaPerRoute`. */
  readonly perRoute?: JsonObject;
  /** More of the route, or null in place of what it usually has. */
  readonly route?: { readonly [name: string]: JsonObject | null };
  /** One of `luaListeners`; default: `main`. */
  readonly listener?: LuaListener;
}

export const luaListeners = ["main", "small", "canonical", "bare"] as const;
export type LuaListener = (typeof luaListeners)[number];

export const request = (code: string): string => `function envoy_on_request(h)\n${code}\nend`;
export const response = (code: string): string => `function envoy_on_response(h)\n${code}\nend`;
export const both = (code: string): string => `${request(code)}\n${response(code)}`;
export const says = (expression: string): string => request(`h:logInfo(${expression})`);
