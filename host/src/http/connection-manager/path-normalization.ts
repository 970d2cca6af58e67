import type { PathConfig } from "./config.ts";

/** What became of a path. */
export type PathResult =
  | { readonly kind: "continue"; readonly path: string }
  | { readonly kind: "reject" }
  /** The client is to ask again, for this path. */
  | { readonly kind: "redirect"; readonly path: string };

const rejected: PathResult = { kind: "reject" };

/** Brings `:path` into the configured form. A path with a fragment is always refused. */
export function normalizePath(path: string, config: PathConfig): PathResult {
  if (path.includes("#")) return rejected;
  const query = path.indexOf("?");
  let file = query < 0 ? path : path.slice(0, query);
  const rest = query < 0 ? "" : path.slice(query);
  let redirect = false;
  if (config.escapedSlashes !== "keep" && hasEscapedSlash(file)) {
    if (config.escapedSlashes === "reject") return rejected;
    file = unescapeSlashes(file);
    redirect = config.escapedSlashes === "redirect";
  }
  if (config.normalize) {
    const canonical = canonicalPath(file);
    if (canonical === undefined) return rejected;
    file = canonical;
  }
  if (config.mergeSlashes) file = mergeSlashes(file);
  const result = file + rest;
  return { kind: redirect ? "redirect" : "continue", path: result };
}

const percent = 37;
const dot = 46;
const slash = 47;
const backslash = 92;

/** The value of `%xy` at `index`; -1 when that is not an escape. */
function escapedByte(text: string, index: number): number {
  if (text.charCodeAt(index) !== percent || index + 2 >= text.length) return -1;
  const high = hexDigit(text.charCodeAt(index + 1));
  const low = hexDigit(text.charCodeAt(index + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function isEscapedSlash(value: number): boolean {
  return value === slash || value === backslash;
}

function hasEscapedSlash(file: string): boolean {
  for (let i = file.indexOf("%"); i >= 0; i = file.indexOf("%", i + 1)) {
    if (isEscapedSlash(escapedByte(file, i))) return true;
  }
  return false;
}

function unescapeSlashes(file: string): string {
  let out = "";
  for (let i = 0; i < file.length; i += 1) {
    const value = escapedByte(file, i);
    if (isEscapedSlash(value)) {
      out += String.fromCharCode(value);
      i += 2;
    } else {
      out += file[i];
    }
  }
  return out;
}

/** Runs of slashes become one; a slash at the end stays, also when nothing else is there. */
function mergeSlashes(file: string): string {
  if (!file.includes("//")) return file;
  const parts = file.split("/").filter((part) => part !== "");
  return `${file.startsWith("/") ? "/" : ""}${parts.join("/")}${file.endsWith("/") ? "/" : ""}`;
}

/** RFC 3986 section 2.3. */
function isUnreserved(c: number): boolean {
  if ((c >= 48 && c <= 57) || c === 45 || c === dot || c === 95 || c === 126) return true;
  const lower = c | 32;
  return lower >= 97 && lower <= 122;
}

/** Characters that a canonical path holds only escaped. */
const escapeThese: ReadonlySet<number> = new Set(Buffer.from(' "<>^`{|}'));

/**
 * The path as browsers write it: escapes of unreserved characters undone, backslashes turned, dot segments
 * resolved, what may not stand in a path escaped. Undefined for an escaped NUL.
 */
function canonicalPath(file: string): string | undefined {
  if (isCanonical(file)) return file;
  let out = "";
  for (let i = 0; i < file.length; i += 1) {
    const c = file.charCodeAt(i);
    const value = c === percent ? escapedByte(file, i) : -1;
    if (value === 0) return undefined;
    if (value > 0 && isUnreserved(value)) {
      out += String.fromCharCode(value);
      i += 2;
    } else if (c === backslash) {
      out += "/";
    } else if (c < 32 || c > 126 || escapeThese.has(c)) {
      out += `%${c.toString(16).toUpperCase().padStart(2, "0")}`;
    } else {
      out += file[i];
    }
  }
  return removeDotSegments(out);
}

/** Nothing to escape, unescape, turn or resolve: nearly every path. */
function isCanonical(file: string): boolean {
  for (let i = 0; i < file.length; i += 1) {
    const c = file.charCodeAt(i);
    if (c === percent || c === backslash || c < 32 || c > 126 || escapeThese.has(c)) return false;
    if (c === dot && i > 0 && file.charCodeAt(i - 1) === slash) return false;
  }
  return true;
}

/** RFC 3986 section 5.2.4; empty segments count as segments. */
function removeDotSegments(file: string): string {
  if (!file.includes("/.")) return file;
  const segments = file.split("/");
  const kept: string[] = [];
  for (let i = 1; i < segments.length; i += 1) {
    const segment = segments[i]!;
    const last = i === segments.length - 1;
    if (segment === ".") {
      if (last) kept.push("");
    } else if (segment === "..") {
      kept.pop();
      if (last) kept.push("");
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join("/")}`;
}
