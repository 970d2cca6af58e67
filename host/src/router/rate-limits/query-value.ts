const hexByte = /%([0-9a-fA-F]{2})/g;

/** The first parameter of `path` whose decoded name is `name`, decoded; undefined when there is none. */
export function decodedQueryValue(path: string, name: string): string | undefined {
  const at = path.indexOf("?");
  if (at < 0) return undefined;
  for (const part of path.slice(at + 1).split("&")) {
    const equals = part.indexOf("=");
    const given = equals < 0 ? part : part.slice(0, equals);
    if (decode(given) === name) return equals < 0 ? "" : decode(part.slice(equals + 1));
  }
  return undefined;
}

/** Percent-encoding taken off, byte by byte; what is no code stays. */
function decode(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(hexByte, (_code, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
