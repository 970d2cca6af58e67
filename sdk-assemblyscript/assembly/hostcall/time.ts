import { proxy_get_current_time_nanoseconds, proxy_set_tick_period_milliseconds } from "../env";
import { outPointer } from "../memory/allocator";
import { Status } from "../status";

/** Nanoseconds since 1970, by the proxy's clock. */
export function currentTimeNanoseconds(): u64 {
  proxy_get_current_time_nanoseconds(outPointer);
  return load<u64>(outPointer);
}

/** Milliseconds since 1970. */
export function currentTimeMilliseconds(): u64 {
  return currentTimeNanoseconds() / 1_000_000;
}

/** Calls the plugin's `onTick` every so many milliseconds; 0 ends it. */
export function setTickPeriod(milliseconds: u32): Status {
  return proxy_set_tick_period_milliseconds(milliseconds);
}
