import type { JsonMap, JsonValue } from "../suite/suite.ts";

/** Bytes: text, or one of these forms. */
export type ContentFields =
  | string
  | { readonly text: string; readonly times?: number }
  | { readonly hex: string; readonly times?: number }
  | { readonly base64: string; readonly times?: number }
  | { readonly json: JsonValue }
  /** Relative to the suite's folder. */
  | { readonly file: string };

/** One value, or several of one name. */
export type HeaderFields = { readonly [name: string]: string | readonly string[] };

/** A request, as under `request` in a suite. */
export interface RequestFields {
  /** Default: GET, or POST with a body. */
  readonly method?: string;
  /** Default: `/`. */
  readonly path?: string;
  readonly headers?: HeaderFields;
  /** All at once; or `chunks`, each of which arrives by itself. */
  readonly body?: ContentFields;
  readonly chunks?: readonly ContentFields[];
  readonly trailers?: HeaderFields;
}

/** More of a request that is open. */
export interface SendFields {
  readonly body?: ContentFields;
  readonly chunks?: readonly ContentFields[];
  /** They end the request. */
  readonly trailers?: HeaderFields;
  readonly end?: boolean;
}

/** What a server of bytes sends. */
export interface ReplyFields {
  /** Default: `upstream`. */
  readonly server?: string;
  readonly send?: ContentFields | readonly ContentFields[];
  /** It ends its side. */
  readonly end?: boolean;
}

/** One filter of a chain. */
export type FilterFields =
  | {
      /** `.wasm`, `.lua` or `.ts`; relative to the suite's folder. */
      readonly file: string;
      readonly name?: string;
      readonly configuration?: JsonValue;
      readonly root_id?: string;
      readonly vm?: JsonMap;
      readonly failure_policy?: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
      readonly stop_iteration?: boolean;
    }
  | { readonly name: string; readonly typed_config: JsonMap };

/** What a case may set for itself. */
export interface CaseFields {
  /** By name of the filter. */
  readonly configuration?: { readonly [filter: string]: JsonValue };
  /** What the server `upstream` answers. */
  readonly upstream?: JsonValue;
  readonly servers?: { readonly [name: string]: JsonValue };
  /** `2026-01-01T00:00:00Z` */
  readonly clock?: string;
  /** IP address. */
  readonly client?: string;
  readonly node?: JsonMap;
  /** They take connections in turns. Default: 1. */
  readonly workers?: number;
  /** What requests are sent in. Default: `http1`. */
  readonly protocol?: "http1" | "http2";
  readonly routes?: readonly JsonValue[];
}

/** A suite without cases, by the names that it has in YAML. */
export interface SuiteFields extends Omit<CaseFields, "configuration" | "upstream"> {
  readonly filters?: readonly FilterFields[];
  readonly network_filters?: readonly FilterFields[];
  readonly listener_filters?: readonly FilterFields[];
  readonly access_loggers?: readonly FilterFields[];
  readonly services?: readonly FilterFields[];
}
