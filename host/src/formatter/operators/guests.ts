import type { CallbackCosts, StreamInfo } from "../../contracts/stream-info.ts";
import {
  numeric,
  type OperatorFactory,
  type OperatorTable,
  refuse,
  withArgument,
  withoutLength,
} from "../provider.ts";

/** The command that prints what a guest took of the stream. */
export const guestOperator = "SLUICE_GUEST";

/** Microseconds with one decimal. */
const microseconds = (ms: number): number => Math.round(ms * 10_000) / 10;

const values: { readonly [name: string]: (costs: CallbackCosts) => number } = {
  self_us: (times) => microseconds(times.selfMs),
  host_call_us: (times) => microseconds(times.hostCallMs),
  paused_us: (times) => microseconds(times.pausedMs),
  callbacks: (times) => times.callbacks,
};

/** `NAME:CALLBACK`, as far as a callback is named; names of guests may hold colons. */
const ofCallback = /^(.*):((?:proxy|envoy|sluice)_on_\w+)$/s;

/** `NAME:VALUE` or `NAME:CALLBACK:VALUE`. */
const guest: OperatorFactory = withoutLength(
  withArgument((command) => {
    const colon = command.argument.lastIndexOf(":");
    const place = command.argument.slice(0, colon);
    const [, name = place, callback] = ofCallback.exec(place) ?? [];
    const wanted = command.argument.slice(colon + 1);
    const get = Object.hasOwn(values, wanted) ? values[wanted] : undefined;
    if (colon < 0 || get === undefined) {
      const names = Object.keys(values).join(", ");
      return refuse(
        `${command.name} takes the name of a Wasm plugin or Lua filter, a colon, if it is about one callback its name and a colon, and one of ${names}`,
      );
    }
    const value = (info: StreamInfo): number | undefined => {
      const times = info.guestTimes?.get(name);
      const costs = callback === undefined ? times : times?.byCallback.get(callback);
      return costs && get(costs);
    };
    return { ok: true, value: numeric(value) };
  }),
);

export const guestOperators: OperatorTable = { [guestOperator]: guest };
