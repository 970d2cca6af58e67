import { OwnedBuffer } from "../common/data-buffer.ts";

/** A connection's read buffer: tells its owner when something was taken out, whoever did it. */
export class ReadBuffer extends OwnedBuffer {
  readonly #owner: { onReadBufferConsumed(): void };

  constructor(owner: { onReadBufferConsumed(): void }) {
    super();
    this.#owner = owner;
  }

  override drain(length: number): void {
    super.drain(length);
    this.#owner.onReadBufferConsumed();
  }
}
