/**
 * A set whose members know their places. In the place of a Set where members come and go with every request: a Set
 * moves to a new table time and again, and its former tables keep what they held alive until the next collection
 * of the old generation.
 */
export class SlotList<T> {
  readonly #slots: (T | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Gives the place, for `remove`. */
  add(item: T): number {
    const place = this.#free.pop() ?? this.#slots.length;
    this.#slots[place] = item;
    return place;
  }

  /** The place must be taken. */
  remove(place: number): void {
    this.#slots[place] = undefined;
    this.#free.push(place);
  }

  /** A copy. */
  all(): T[] {
    return this.#slots.filter((item) => item !== undefined);
  }
}
