let numberOfNext: u32 = 0;

/** The context that is made next has this number, also in its constructor. */
export function numberNext(id: u32): void {
  numberOfNext = id;
}

/**
 * What the proxy keeps apart by a number: a configured plugin, an HTTP stream, a connection, an accepted socket. A
 * callout belongs to the context that made it.
 */
export class Context {
  /** The proxy's number for it. */
  contextId: u32 = numberOfNext;

  /**
   * The context ends. False of a plugin: it has something to finish, and calls `done()` when it has. Of streams and
   * connections the answer does not matter.
   */
  onDone(): bool {
    return true;
  }

  /** Something that a function of the host has promised: `data` are `size` bytes in the call's buffer. */
  onForeignFunction(_id: u32, _data: ArrayBuffer): void {}
}
