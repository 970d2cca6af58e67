/** Host calls that the report of a failure names: a power of two. */
const trailLength = 16;

/** The last host calls of the running callback, for the report of a failure. */
export class HostCallTrail {
  readonly #names: string[] = Array.from({ length: trailLength }, () => "");
  #next = 0;

  /** Another callback begins. */
  clear(): void {
    this.#next = 0;
  }

  add(name: string): void {
    this.#names[this.#next & (trailLength - 1)] = name;
    this.#next += 1;
  }

  /** The latest; empty when there was none. */
  get last(): string {
    return this.#next === 0 ? "" : this.#names[(this.#next - 1) & (trailLength - 1)]!;
  }

  /** All that are known, oldest first; one that was made again and again is named once. */
  describe(): string {
    const from = Math.max(0, this.#next - trailLength);
    const parts: string[] = from > 0 ? ["…"] : [];
    for (let i = from; i < this.#next;) {
      const name = this.#names[i % trailLength]!;
      let end = i + 1;
      while (end < this.#next && this.#names[end % trailLength] === name) end += 1;
      parts.push(end - i === 1 ? name : `${name} (${end - i} times)`);
      i = end;
    }
    return parts.length === 0 ? "none" : parts.join(", ");
  }
}
