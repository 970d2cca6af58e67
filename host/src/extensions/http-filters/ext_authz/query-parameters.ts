import type { HeaderPair } from "../../common/ext_authz/auth-response.ts";

/**
 * `path` with parameters set and removed by their names, which are compared as they stand there. As in Envoy,
 * parameters are in the order of their names afterwards, and each has its `=`.
 */
export function changeQuery(
  path: string,
  toSet: readonly HeaderPair[],
  toRemove: readonly string[],
): string {
  const at = path.indexOf("?");
  const base = at < 0 ? path : path.slice(0, at);
  const values = valuesByName(at < 0 ? "" : path.slice(at + 1));
  for (const [name, value] of toSet) values.set(name, [value]);
  for (const name of toRemove) values.delete(name);
  const names = [...values.keys()].sort();
  const parts = names.flatMap((name) => values.get(name)!.map((value) => `${name}=${value}`));
  return parts.length === 0 ? base : `${base}?${parts.join("&")}`;
}

function valuesByName(query: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? "" : part.slice(equals + 1);
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}
