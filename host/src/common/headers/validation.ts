/**
 * What may stand on the wire in names and values (RFC 9110 section 5, RFC 9112). Strings have one character
 * per byte; characters above 0xff are never valid, because writing them would cut them to one byte.
 */

/**
 * The lower-case form of every byte that may stand in a token (RFC 9110 section 5.6.2), 0 for all others.
 * One table answers "is it valid" and "what is it in lower case".
 */
export const tokenLower = new Uint8Array(256);
/** 1 for bytes that may stand in a field value: HTAB, SP, visible characters, obs-text. */
export const valueByte = new Uint8Array(256);
/** 1 for bytes that may stand in a request target: visible ASCII but `#` (RFC 3986, read generously). */
export const targetByte = new Uint8Array(256);
const authorityByte = new Uint8Array(256);

for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  tokenLower[c.charCodeAt(0)] = c.charCodeAt(0);
}
for (let c = 65; c <= 90; c += 1) tokenLower[c] = c | 32;
valueByte[9] = 1;
for (let c = 32; c < 256; c += 1) valueByte[c] = c === 127 ? 0 : 1;
for (let c = 33; c < 127; c += 1) targetByte[c] = c === 35 ? 0 : 1;
// RFC 3986 section 3.2.2, reg-name without the comma: proxies join repeated fields with it.
for (const c of "-._~%!$&'()*+;=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  authorityByte[c.charCodeAt(0)] = 1;
}

function allIn(table: Uint8Array, text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) {
    const c = text.charCodeAt(i);
    if (c > 255 || table[c] === 0) return false;
  }
  return true;
}

/** True for a token of at least one character, in any case of letters. */
export function isToken(text: string): boolean {
  return text.length > 0 && allIn(tokenLower, text, 0, text.length);
}

/** True for a field name as header maps hold it: a token without upper-case letters. Not for pseudo headers. */
export function isValidHeaderName(name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    const c = name.charCodeAt(i);
    if (c === 0 || c > 255 || tokenLower[c] !== c) return false;
  }
  return name.length > 0;
}

/** True for a field value without CR, LF, NUL or another control character (HTAB may stand). */
export function isValidHeaderValue(value: string): boolean {
  return allIn(valueByte, value, 0, value.length);
}

/** True for a `:path` that can stand in a request line: not empty, no blanks, controls, `#` or non-ASCII. */
export function isValidRequestTarget(target: string): boolean {
  return target.length > 0 && allIn(targetByte, target, 0, target.length);
}

/** True for `host`, `host:port`, `[v6]` and `[v6]:port` (RFC 9110 section 7.2); no user information. */
export function isValidAuthority(authority: string): boolean {
  const length = authority.length;
  let hostEnd = 0;
  if (authority.charCodeAt(0) === 91) {
    const close = authority.indexOf("]");
    if (close < 2) return false;
    for (let i = 1; i < close; i += 1)
      if (!isAddressCharacter(authority.charCodeAt(i))) return false;
    hostEnd = close + 1;
  } else {
    while (hostEnd < length && authority.charCodeAt(hostEnd) !== 58) hostEnd += 1;
    if (hostEnd === 0 || !allIn(authorityByte, authority, 0, hostEnd)) return false;
  }
  return hostEnd === length || isPort(authority, hostEnd);
}

/** Hexadecimal digits, `:` and `.`: what an IPv6 literal is made of. Zones are for one host only. */
function isAddressCharacter(c: number): boolean {
  return (c >= 46 && c <= 58 && c !== 47) || ((c | 32) >= 97 && (c | 32) <= 102);
}

/** `:` and up to five digits at `from`; the digits may be missing (RFC 3986 section 3.2.3). */
function isPort(text: string, from: number): boolean {
  if (text.charCodeAt(from) !== 58 || text.length - from > 6) return false;
  for (let i = from + 1; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
}
