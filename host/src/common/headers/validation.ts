/** RFC 9110 section 5.6.2: `token` characters, by byte. */
export const tokenCharacters: Uint8Array = new Uint8Array(256);
for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  tokenCharacters[c.charCodeAt(0)] = 1;
}

const pseudoHeaders = new Set([":method", ":authority", ":path", ":scheme", ":status", ":protocol"]);

/** True for a field name (a token), or one of the pseudo headers. */
export function isHeaderName(name: string): boolean {
  if (name.length === 0) return false;
  if (name.charCodeAt(0) === 58) return pseudoHeaders.has(name);
  for (let i = 0; i < name.length; i += 1) {
    if (tokenCharacters[name.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

/**
 * True for a field value (RFC 9110 section 5.5): visible characters, obs-text, space and tab; nothing that could end
 * the line. One character per byte.
 */
export function isHeaderValue(value: string): boolean {
  for (let i = 0; i < value.length; i += 1) {
    const c = value.charCodeAt(i);
    if ((c < 32 && c !== 9) || c === 127 || c > 255) return false;
  }
  return true;
}
