/**
 * Text or bytes (one character per byte) in double quotes, on one line, cut after `maxLength` characters. `bytes`:
 * how long all of it is, where `text` is not all.
 */
export function quoted(text: string, maxLength: number, bytes: number = text.length): string {
  const cut = text.length > maxLength ? text.slice(0, maxLength) : text;
  let line = '"';
  for (const character of cut) line += escaped(character);
  return text.length > maxLength ? `${line}"… (${bytes} bytes)` : `${line}"`;
}

/** Longest message that is shown. */
const messageMax = 1024;

/** A message on one line, without quotes. */
export function oneLine(text: string): string {
  const cut = text.length > messageMax ? `${text.slice(0, messageMax)}…` : text;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return cut.replaceAll(/[\x00-\x1f\x7f]/g, escaped);
}

function escaped(character: string): string {
  switch (character) {
    case '"':
    case "\\":
      return `\\${character}`;
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
  }
  const code = character.charCodeAt(0);
  return code < 0x20 || code > 0x7e ? `\\x${code.toString(16).padStart(2, "0")}` : character;
}

/** `12.3us` */
export function microseconds(ms: number): string {
  return `${Math.max(0, ms * 1000).toFixed(1)}us`;
}
