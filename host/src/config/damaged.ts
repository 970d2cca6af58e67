import type { Message } from "@bufbuild/protobuf";

/**
 * Messages of which something could not be read, which has been reported: what they lack was perhaps meant to be
 * there, and is not worth a problem of its own.
 */
export class Damaged {
  readonly #fields = new WeakMap<Message, Set<string>>();

  /** `field`: which one could not be read; undefined for a name that the message does not know. */
  add(message: Message, field: string | undefined): void {
    let fields = this.#fields.get(message);
    if (!fields) this.#fields.set(message, (fields = new Set()));
    if (field !== undefined) fields.add(field);
  }

  has(message: Message): boolean {
    return this.#fields.has(message);
  }

  hasField(message: Message, field: string): boolean {
    return this.#fields.get(message)?.has(field) === true;
  }
}
