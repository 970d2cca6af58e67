import type { StreamInfo } from "../../contracts/stream-info.ts";
import {
  bare,
  numeric,
  type OperatorFactory,
  type OperatorTable,
  plainText,
  refuse,
  withArgument,
  withoutLength,
} from "../provider.ts";
import { TimeFormat } from "../strftime.ts";

type Clock = (info: StreamInfo) => number;
type ClockOf = (environment: { readonly time: { systemMs(): number } }) => Clock;

const startTime: ClockOf = () => (info) => info.startTimeSystemMs;
const emitTime: ClockOf = (environment) => () => environment.time.systemMs();

/** `2026-11-21T05:00:00.000Z`: made for every line of the default log, so the second's part is kept. */
class IsoClock {
  #second = -1;
  #prefix = "";

  text(systemMs: number): string {
    const second = Math.floor(systemMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#prefix = new Date(second * 1000).toISOString().slice(0, 20);
    }
    const ms = Math.floor(systemMs) - second * 1000;
    return `${this.#prefix}${ms < 10 ? "00" : ms < 100 ? "0" : ""}${ms}Z`;
  }
}

function timeOperator(clockOf: ClockOf, local: boolean): OperatorFactory {
  return withoutLength((command, environment) => {
    const clock = clockOf(environment);
    if (command.argument === "" && !local) {
      const iso = new IsoClock();
      return { ok: true, value: plainText((info) => iso.text(clock(info))) };
    }
    const format = new TimeFormat(command.argument || "%Y-%m-%dT%H:%M:%S.%3f%z");
    return { ok: true, value: plainText((info) => format.format(clock(info), local)) };
  });
}

/** Milliseconds between two moments; undefined while one of them has not happened. */
function between(start: number, end: number): number | undefined {
  return start === 0 || end === 0 || end < start ? undefined : end - start;
}

function whole(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms);
}

type Moment = (info: StreamInfo) => number;

const never: Moment = () => 0;

/** Points of `COMMON_DURATION`; 0 = not happened. */
const points: { readonly [name: string]: Moment } = {
  DS_RX_BEG: (info) => info.startTimeMs,
  DS_RX_END: (info) => info.lastRxByteMs,
  US_TX_BEG: (info) => info.upstreamInfo?.firstTxByteMs ?? 0,
  US_TX_END: (info) => info.upstreamInfo?.lastTxByteMs ?? 0,
  US_RX_BEG: (info) => info.upstreamInfo?.firstRxByteMs ?? 0,
  US_RX_END: (info) => info.upstreamInfo?.lastRxByteMs ?? 0,
  DS_TX_BEG: (info) => info.firstTxByteMs,
  DS_TX_END: (info) => info.lastTxByteMs,
};
const pointsNotRecorded = new Set([
  "US_CX_BEG",
  "US_CX_END",
  "DS_HS_BEG",
  "DS_HS_END",
  "US_HS_END",
  "DS_CX_BEG",
  "DS_CX_END",
  "DS_RX_HDR_END",
  "US_RX_BODY_BEG",
]);
const precisions: { readonly [name: string]: number } = { ms: 1, us: 1000, ns: 1_000_000 };

const commonDuration: OperatorFactory = withArgument(
  withoutLength((command) => {
    const [start, end, precision = "ms", ...more] = command.argument.split(":");
    if (start === undefined || end === undefined || more.length > 0) {
      return refuse(`Invalid common duration configuration: ${command.argument}.`);
    }
    const factor = precisions[precision];
    if (factor === undefined) return refuse(`Invalid common duration precision: ${precision}.`);
    const missing = [start, end].find((name) => pointsNotRecorded.has(name));
    if (missing !== undefined) return refuse(`COMMON_DURATION: ${missing} is not recorded`);
    // Other names are points that filters may set; no filter here does.
    const from = points[start] ?? never;
    const to = points[end] ?? never;
    return {
      ok: true,
      value: numeric((info) => {
        const ms = between(from(info), to(info));
        return ms === undefined ? undefined : Math.floor(ms * factor);
      }),
    };
  }),
);

export const timeOperators: OperatorTable = {
  START_TIME: timeOperator(startTime, false),
  START_TIME_LOCAL: timeOperator(startTime, true),
  EMIT_TIME: timeOperator(emitTime, false),
  EMIT_TIME_LOCAL: timeOperator(emitTime, true),
  COMMON_DURATION: commonDuration,
  DURATION: bare((environment) =>
    numeric((info) => {
      const end = info.endTimeMs === 0 ? environment.time.monotonicMs() : info.endTimeMs;
      return Math.max(0, Math.floor(end - info.startTimeMs));
    }),
  ),
  REQUEST_DURATION: bare(() =>
    numeric((info) => whole(between(info.startTimeMs, info.lastRxByteMs))),
  ),
  REQUEST_TX_DURATION: bare(() =>
    numeric((info) => whole(between(info.startTimeMs, info.upstreamInfo?.lastTxByteMs ?? 0))),
  ),
  UPSTREAM_CONNECTION_POOL_READY_DURATION: bare(() =>
    numeric((info) => whole(info.upstreamInfo?.poolReadyDurationMs)),
  ),
  RESPONSE_DURATION: bare(() =>
    numeric((info) => whole(between(info.startTimeMs, info.upstreamInfo?.firstRxByteMs ?? 0))),
  ),
  RESPONSE_TX_DURATION: bare(() =>
    numeric((info) => whole(between(info.upstreamInfo?.firstRxByteMs ?? 0, info.lastTxByteMs))),
  ),
};
