/** Something that has to be closed before its thread ends. */
interface Closable {
  close(): void | Promise<void>;
}

/** One object per key, made at first use. Objects with a `close` method are closed at the end. */
export class SingletonMap {
  readonly #objects = new Map<string, unknown>();

  get<T>(key: string, create: () => T): T {
    if (!this.#objects.has(key)) this.#objects.set(key, create());
    return this.#objects.get(key) as T;
  }

  async close(): Promise<void> {
    for (const object of this.#objects.values()) {
      if (isClosable(object)) await object.close();
    }
    this.#objects.clear();
  }
}

function isClosable(object: unknown): object is Closable {
  return typeof object === "object" && object !== null && "close" in object;
}
