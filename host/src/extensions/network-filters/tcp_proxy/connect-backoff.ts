import type { RandomSource } from "../../../contracts/event.ts";
import type { ConnectBackoffConfig } from "./config.ts";

/** Waiting times between connect attempts: at random below a bound that doubles up to the maximum. */
export class ConnectBackoff {
  readonly #config: ConnectBackoffConfig;
  readonly #random: RandomSource;
  #boundMs: number;

  constructor(config: ConnectBackoffConfig, random: RandomSource) {
    this.#config = config;
    this.#random = random;
    this.#boundMs = config.baseIntervalMs;
  }

  nextMs(): number {
    const bound = this.#boundMs;
    this.#boundMs = Math.min(bound * 2, this.#config.maxIntervalMs);
    return bound < 1 ? 0 : this.#random.uint32() % Math.floor(bound);
  }
}
