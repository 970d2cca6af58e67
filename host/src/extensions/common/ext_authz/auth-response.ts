import type { JsonValue } from "../../../contracts/stream-info.ts";

/** Names in lower case, values as bytes, one per character. */
export type HeaderPair = readonly [name: string, value: string];

/** `HeaderValueOption.HeaderAppendAction`. */
export const AppendAction = {
  Append: 0,
  AddIfAbsent: 1,
  Overwrite: 2,
  OverwriteIfExists: 3,
} as const;
export type AppendAction = (typeof AppendAction)[keyof typeof AppendAction];

export interface ResponseHeaderOption {
  readonly name: string;
  readonly value: string;
  readonly action: AppendAction;
}

/** What the service said of one request or connection, whichever protocol it speaks. */
export interface AuthResponse {
  /** `error`: it could not be asked, or says that it does not know. */
  readonly status: "ok" | "denied" | "error";
  /** Of a denial or an error; 0: as configured. */
  readonly code: number;
  /** Bytes, one per character. */
  readonly body: string;
  /** Of the request when it goes on, else of the answer. */
  readonly headersToSet: readonly HeaderPair[];
  /** Joined onto what the request has; others are left out. */
  readonly headersToAppend: readonly HeaderPair[];
  /** Added to what the request has. */
  readonly headersToAdd: readonly HeaderPair[];
  readonly headersToRemove: readonly string[];
  readonly queryToSet: readonly HeaderPair[];
  readonly queryToRemove: readonly string[];
  /** Changes of the upstream's response. */
  readonly responseHeaders: readonly ResponseHeaderOption[];
  readonly dynamicMetadata: { readonly [key: string]: JsonValue } | undefined;
}

const nothing: readonly never[] = [];

/** A response that says no more than its status. */
export const bareResponse = {
  code: 0,
  body: "",
  headersToSet: nothing,
  headersToAppend: nothing,
  headersToAdd: nothing,
  headersToRemove: nothing,
  queryToSet: nothing,
  queryToRemove: nothing,
  responseHeaders: nothing,
  dynamicMetadata: undefined,
} satisfies Omit<AuthResponse, "status">;

/** The service could not be asked. */
export const errorResponse: AuthResponse = { status: "error", ...bareResponse };

/** Told the outcome of a check, once, unless it was cancelled. */
export interface AuthCallbacks {
  onAuthResponse(response: AuthResponse): void;
}

/** A check under way. */
export interface AuthCall {
  /** No callback follows. */
  cancel(): void;
}
