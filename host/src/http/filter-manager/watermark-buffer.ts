import { OwnedBuffer } from "../../common/data-buffer.ts";
import type { DataBuffer } from "../../contracts/buffer.ts";

/**
 * A stream's body buffer. Rising above the limit is reported once, and so is falling to half of it, strictly in
 * turn. A limit of 0 means none.
 */
export class WatermarkBuffer extends OwnedBuffer {
  #limit: number;
  #above = false;
  /** Inside `move`, which is one change although it consists of many. */
  #moving = false;
  readonly #onHigh: () => void;
  readonly #onLow: () => void;

  constructor(limit: number, onHigh: () => void, onLow: () => void) {
    super();
    this.#limit = limit;
    this.#onHigh = onHigh;
    this.#onLow = onLow;
  }

  setLimit(limit: number): void {
    this.#limit = limit;
    this.#checkHigh();
    this.#checkLow();
  }

  override append(chunk: Buffer): void {
    super.append(chunk);
    this.#checkHigh();
  }

  override prepend(chunk: Buffer): void {
    super.prepend(chunk);
    this.#checkHigh();
  }

  override move(source: DataBuffer, length: number = source.length): void {
    this.#moving = true;
    super.move(source, length);
    this.#moving = false;
    this.#checkHigh();
  }

  override drain(length: number): void {
    super.drain(length);
    this.#checkLow();
  }

  #checkHigh(): void {
    if (this.#moving || this.#above || this.#limit === 0 || this.length <= this.#limit) return;
    this.#above = true;
    this.#onHigh();
  }

  #checkLow(): void {
    if (!this.#above || (this.#limit !== 0 && this.length > this.#limit / 2)) return;
    this.#above = false;
    this.#onLow();
  }
}
