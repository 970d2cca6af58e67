import { formatProblem, type Place } from "../config/problem.ts";
import type { Logger } from "../contracts/log.ts";
import type { Counter, StatsScope } from "../contracts/stats.ts";

/** Fields of resources that are not known here: counted, and each said once. */
export class UnknownFields {
  readonly #logger: Logger;
  readonly #count: Counter;
  readonly #seen = new Set<string>();

  /** `stats`: the root. */
  constructor(logger: Logger, stats: StatsScope) {
    this.#logger = logger;
    this.#count = stats.counter("server.dynamic_unknown_fields");
  }

  onField(place: Place, text: string): void {
    this.#count.inc();
    if (this.#seen.has(text)) return;
    this.#seen.add(text);
    this.#logger.warning(formatProblem({ severity: "warning", ...place, text }));
  }
}
