/** HTTP versions that a plain-text request line can announce; `1.0` stands for everything but 1.1. */
export type RequestLineVersion = "1.0" | "1.1";

/**
 * The version of an HTTP/1 request line (without its line end); undefined when it is none. As permissive as the
 * parser that Envoy inspects with: any token is a method, several blanks separate, and a line without a version is
 * HTTP/0.9, counted as 1.0. (Nobody is served by this: the codec behind it has rules of its own.)
 */
export function requestLineVersion(line: string): RequestLineVersion | undefined {
  const parts = line.endsWith("\r") ? line.slice(0, -1).split(/[ \t]+/) : line.split(/[ \t]+/);
  if (parts.at(-1) === "") parts.pop();
  const [method, target, version] = parts;
  if (method === undefined || target === undefined || parts.length > 3) return undefined;
  if (!isToken(method) || !isTarget(method, target)) return undefined;
  if (version === undefined) return "1.0";
  if (version === "HTTP/1.1") return "1.1";
  return /^HTTP\/\d\.\d$/.test(version) ? "1.0" : undefined;
}

/** RFC 9110 section 5.6.2. */
export function isTokenByte(byte: number): boolean {
  const isAlphanumeric =
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a);
  return isAlphanumeric || "!#$%&'*+-.^_`|~".includes(String.fromCharCode(byte));
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (!isTokenByte(text.charCodeAt(i))) return false;
  return text !== "";
}

function isTarget(method: string, target: string): boolean {
  for (let i = 0; i < target.length; i += 1) if (target.charCodeAt(i) > 0x7e) return false;
  if (method === "CONNECT" || target === "*" || target.startsWith("/")) return true;
  return /^[A-Za-z]+:\/\//.test(target);
}
