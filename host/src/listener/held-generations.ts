import type { FilterGeneration, GenerationUser } from "../contracts/runtime.ts";

/** The generations of discovered filters that one connection, or one socket, keeps alive until it ends. */
export class HeldGenerations implements GenerationUser {
  readonly #end: () => void;
  readonly #held: { generation: FilterGeneration<unknown>; place: number }[] = [];

  /** `end` closes the connection; it calls `release` then. */
  constructor(end: () => void) {
    this.#end = end;
  }

  hold(generation: FilterGeneration<unknown>): void {
    this.#held.push({ generation, place: generation.acquire(this) });
  }

  release(): void {
    for (const { generation, place } of this.#held.splice(0)) generation.release(place);
  }

  resetForGenerationEnd(): void {
    this.#end();
  }
}
