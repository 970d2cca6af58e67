import type { GrpcRetryConfig } from "../contracts/config/grpc-service.ts";
import type { RandomSource, Timer } from "../contracts/event.ts";

/** Time and chance. */
export interface BackOffEnvironment {
  createTimer(callback: () => void): Timer;
  readonly random: RandomSource;
}

/** Waits that grow, each chosen at random so that many clients do not come back at the same moment. */
export class BackOff {
  readonly #config: GrpcRetryConfig;
  readonly #environment: BackOffEnvironment;
  #retries = 0;
  #timer: Timer | undefined = undefined;

  constructor(config: GrpcRetryConfig, environment: BackOffEnvironment) {
    this.#config = config;
    this.#environment = environment;
  }

  /** Calls `retry` after the next wait; false when `status` is final, or there were enough retries. */
  retries(status: number, retry: () => void): boolean {
    const { statuses, retries, baseMs, maxMs } = this.#config;
    if (this.#retries >= retries || !statuses.includes(status)) return false;
    this.#retries += 1;
    const below = Math.min(baseMs * (2 ** this.#retries - 1), maxMs);
    this.#timer = this.#environment.createTimer(retry);
    this.#timer.enable(this.#environment.random.uint32() % Math.max(below, 1));
    return true;
  }

  cancel(): void {
    this.#timer?.disable();
  }
}
