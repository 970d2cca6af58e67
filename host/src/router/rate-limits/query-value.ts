import { percentDecode } from "../../common/percent-decode.ts";

/** The first parameter of `path` whose decoded name is `name`, decoded; undefined when there is none. */
export function decodedQueryValue(path: string, name: string): string | undefined {
  const at = path.indexOf("?");
  if (at < 0) return undefined;
  for (const part of path.slice(at + 1).split("&")) {
    const equals = part.indexOf("=");
    const given = equals < 0 ? part : part.slice(0, equals);
    if (percentDecode(given) === name)
      return equals < 0 ? "" : percentDecode(part.slice(equals + 1));
  }
  return undefined;
}
