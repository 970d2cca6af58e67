import type { HeaderPair } from "../../common/ext_authz/auth-response.ts";

/** `path` with parameters set and removed by their names, which are compared as they stand there. */
export function changeQuery(
  path: string,
  toSet: readonly HeaderPair[],
  toRemove: readonly string[],
): string {
  const at = path.indexOf("?");
  const parts = at < 0 || at === path.length - 1 ? [] : path.slice(at + 1).split("&");
  const base = at < 0 ? path : path.slice(0, at);
  let kept = parts.filter((part) => part !== "" && !toRemove.includes(nameOf(part)));
  for (const [name, value] of toSet) {
    const first = kept.findIndex((part) => nameOf(part) === name);
    const made = `${name}=${value}`;
    if (first < 0) kept.push(made);
    else
      kept = kept.flatMap((part, i) =>
        i === first ? [made] : nameOf(part) === name ? [] : [part],
      );
  }
  return kept.length === 0 ? base : `${base}?${kept.join("&")}`;
}

function nameOf(part: string): string {
  const equals = part.indexOf("=");
  return equals < 0 ? part : part.slice(0, equals);
}
