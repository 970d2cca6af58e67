import { Context } from "./context";

/** A context that ends with what it belongs to: an HTTP stream, a connection, an accepted socket. */
export class Stream extends Context {
  /** It has ended; what is known of it can be read once more. */
  onLog(): void {}
}
