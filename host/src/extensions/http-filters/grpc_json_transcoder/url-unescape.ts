import type { UnescapeSpec } from "./config.ts";

/** RFC 6570 section 1.5. */
const reserved = "!#$&'()*+,/:;=?@[]";
const kept: { readonly [spec in UnescapeSpec]: string } = {
  all: "",
  except_slash: "/",
  except_reserved: reserved,
};

/**
 * Text as a path has it (one character per byte) with its escapes resolved, but for those of characters that `spec`
 * leaves. What is no escape stays. The result is text, with what is no UTF-8 replaced.
 */
export function unescapeUrl(text: string, spec: UnescapeSpec, plusIsSpace = false): string {
  const plain = plusIsSpace ? text.replaceAll("+", " ") : text;
  const bytes = plain.replaceAll(/%([0-9A-Fa-f]{2})/g, (escape, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return kept[spec].includes(character) ? escape : character;
  });
  return Buffer.from(bytes, "latin1").toString("utf8");
}
