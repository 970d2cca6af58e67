import { Log } from "./hostcall/log";
import { currentTimeMilliseconds } from "./hostcall/time";
import { random_get } from "./wasi_snapshot_preview1";

// What the compiler's own library takes from a JavaScript host, done with what a proxy has: `console`, `Date.now`,
// `Math.random`, `crypto.getRandomValues`, `trace`. The transform puts it in place; what is not used is not compiled.

/** Lines in the proxy's log. */
export namespace console {
  export function assert(condition: bool, message: string): void {
    if (!condition) Log.error(`Assertion failed: ${message}`);
  }

  export function log(message: string): void {
    Log.info(message);
  }

  export function debug(message: string): void {
    Log.debug(message);
  }

  export function info(message: string): void {
    Log.info(message);
  }

  export function warn(message: string): void {
    Log.warn(message);
  }

  export function error(message: string): void {
    Log.error(message);
  }
}

export namespace Date {
  /** Milliseconds since 1970, by the proxy's clock. */
  export function now(): f64 {
    return <f64>currentTimeMilliseconds();
  }
}

export namespace crypto {
  export function getRandomValues(array: Uint8Array): void {
    random_get(array.dataStart, array.byteLength);
  }
}

/** Where `Math.random` begins. */
export function seed(): f64 {
  const bits = new Uint8Array(8);
  crypto.getRandomValues(bits);
  return load<f64>(bits.dataStart);
}

export function trace(
  message: string,
  count: i32 = 0,
  a: f64 = 0,
  b: f64 = 0,
  c: f64 = 0,
  d: f64 = 0,
  e: f64 = 0,
): void {
  const numbers = [a, b, c, d, e].slice(0, count);
  Log.info(count > 0 ? `trace: ${message} ${numbers.join(", ")}` : `trace: ${message}`);
}
