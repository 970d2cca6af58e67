import type { HeaderMap } from "../../../contracts/headers.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import type { CallTrace } from "../../watch/guest-trace.ts";
import { StreamWatch } from "../../watch/stream-watch.ts";
import { oneLine } from "../../watch/trace-text.ts";
import type { WatchedGuest } from "../../watch/watched-guest.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaCallText } from "./lua-call-text.ts";

/** A stretch of a hook: from its start, or from the end of a wait, until it waits or ends. */
export interface HookRun {
  readonly engine: LuaEngine;
  readonly hook: "envoy_on_request" | "envoy_on_response";
  /** It goes on after a wait. */
  readonly resumed: boolean;
  readonly headers: HeaderMap;
}

/** How a stretch ended, in words. `waits`: it is to be resumed. */
export interface HookEnd {
  readonly text: string;
  readonly waits: boolean;
}

/** Follows one stream through the hooks of a script. */
export class HookWatch extends StreamWatch {
  readonly #trace: CallTrace | undefined;

  constructor(guest: WatchedGuest, info: StreamInfo) {
    super(guest, info);
    this.#trace = guest.trace?.stream("stream");
  }

  /** Runs a stretch of a hook. */
  run<T>(
    { engine, hook, resumed, headers }: HookRun,
    body: () => T,
    end: (result: T) => HookEnd,
  ): T {
    const direction = hook === "envoy_on_request" ? 0 : 1;
    this.resume(direction);
    const trace = this.#trace;
    if (trace !== undefined) {
      for (let i = 0; i < headers.size; i += 1) {
        trace.redactor.learn(headers.nameAt(i), headers.valueAt(i));
      }
      trace.begin(resumed ? `${hook} goes on` : `${hook}(handle)`);
    }
    const outer = engine.watch;
    engine.watch = this;
    this.begin(hook);
    const result = body();
    const { selfMs, hostCallMs } = this.end();
    engine.watch = outer;
    const { text, waits } = end(result);
    trace?.end(oneLine(trace.redactor.text(text)), selfMs, hostCallMs);
    if (waits) this.pause(direction, hook);
    return result;
  }

  /** The hook of this direction has ended, or nobody waits for it any more. */
  ended(isRequest: boolean): void {
    this.resume(isRequest ? 0 : 1);
  }

  /** A method that the script calls. */
  hostCall(engine: LuaEngine, L: number, name: string, method: HostFunction): number {
    const trace = this.#trace;
    if (trace !== undefined) return this.#tracedCall(trace, engine, L, name, method);
    const startMs = performance.now();
    try {
      return method(L);
    } finally {
      this.inHostCall(performance.now() - startMs, 0);
    }
  }

  /** The stream has ended. */
  over(): void {
    this.resumeAll();
    this.#trace?.over();
  }

  #tracedCall(
    trace: CallTrace,
    engine: LuaEngine,
    L: number,
    name: string,
    method: HostFunction,
  ): number {
    const beginMs = performance.now();
    const text = new LuaCallText(engine, trace);
    const call = text.call(L, name);
    let given = "";
    const startMs = performance.now();
    let endMs = 0;
    try {
      const results = method(L);
      endMs = performance.now();
      given = text.results(L, name, results);
      return results;
    } catch (thrown) {
      endMs = performance.now();
      given = `error ${text.error(L)}`;
      throw thrown;
    } finally {
      const ms = endMs - startMs;
      trace.hostCall(call, given, ms);
      this.inHostCall(ms, performance.now() - beginMs - ms);
    }
  }
}
