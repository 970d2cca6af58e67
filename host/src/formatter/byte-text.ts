import { isUtf8 } from "node:buffer";

// Formatted text is a string of bytes, one character each (latin1), as header values are: bytes that came in a
// header go out as they were. Text of ours that is not ASCII becomes its UTF-8 bytes.

// oxlint-disable no-control-regex -- control characters are what these look for
const ascii = /^[\x00-\x7f]*$/;
// All control characters but the tab, which is legal in a header value and cannot end a line.
const control = /[\x00-\x08\x0a-\x1f\x7f]/;
const controls = /[\x00-\x08\x0a-\x1f\x7f]/g;
const highBytes = /[\x80-\xff]/g;

/** A JavaScript string as the bytes of its UTF-8 form. */
export function toByteText(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** `text` with control characters written as `\n`, `\r` or `\xHH`: nothing can forge a line of a log. */
export function escapeControls(text: string): string {
  return control.test(text) ? text.replaceAll(controls, escapeControl) : text;
}

function escapeControl(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/**
 * A JSON string literal of byte text: UTF-8 stays as it is; when the bytes are not UTF-8, each of the upper half
 * becomes `\u00HH`, as Envoy writes them.
 */
export function jsonString(byteText: string): string {
  const quoted = JSON.stringify(byteText);
  if (ascii.test(byteText) || isUtf8(Buffer.from(byteText, "latin1"))) return quoted;
  return quoted.replaceAll(
    highBytes,
    (byte) => `\\u00${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Any JSON value as byte text. */
export function jsonText(value: unknown): string {
  return toByteText(JSON.stringify(value));
}
