import type { RequestHeaderMap } from "../../../contracts/headers.ts";
import type { FilterPredicate } from "../../../guest/wasm/filter-description.ts";

/** Tells the streams that a module does not want to see, before anything of it runs. */
export class StreamPredicate {
  readonly #paths: readonly string[] | undefined;
  readonly #header: string | undefined;

  constructor(predicate: FilterPredicate) {
    this.#paths = predicate.paths;
    this.#header = predicate.header;
  }

  /** The path as it is when the request comes to the filter. */
  matters(headers: RequestHeaderMap): boolean {
    if (this.#header !== undefined && !headers.has(this.#header)) return false;
    const paths = this.#paths;
    if (paths === undefined) return true;
    const path = headers.get(":path") ?? "";
    for (let i = 0; i < paths.length; i += 1) if (path.startsWith(paths[i]!)) return true;
    return false;
  }
}

/** Undefined where the module has said nothing of streams. */
export function streamPredicate(
  predicate: FilterPredicate | undefined,
): StreamPredicate | undefined {
  if (predicate === undefined) return undefined;
  const { paths, header } = predicate;
  return paths === undefined && header === undefined ? undefined : new StreamPredicate(predicate);
}
