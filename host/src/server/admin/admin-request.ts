/** A request as handlers see it. */
export interface AdminRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Of the query, or of a form in the body. The first of several values of one name counts. */
  readonly params: ReadonlyMap<string, string>;
}

/** Where a body goes that takes its time. */
export interface BodyOutput {
  /** Resolves when the client can take more. */
  write(text: string): Promise<void>;
  /** Called once, when the client is gone. */
  onGone(callback: () => void): void;
}

/**
 * A handler's answer; a body in pieces is written piece by piece, with other work in between. A function writes the
 * body itself, and has done so when its promise resolves.
 */
export interface AdminResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Iterable<string> | ((output: BodyOutput) => Promise<void>);
  /** Called when the answer is on its way. */
  readonly afterwards?: () => void;
}

export const plainText = "text/plain; charset=UTF-8";
export const json = "application/json";

export function textResponse(status: number, body: string | Iterable<string>): AdminResponse {
  return { status, contentType: plainText, body };
}

export function jsonResponse(body: string | Iterable<string>): AdminResponse {
  return { status: 200, contentType: json, body };
}

/** `a=b&c`: names and values with `%XX` decoded. */
export function parseParams(text: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = percentDecode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : percentDecode(pair.slice(equals + 1));
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
