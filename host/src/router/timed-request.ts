import { HeaderId } from "../common/headers/header-id.ts";
import type { Dispatcher, Timer } from "../contracts/event.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";
import type { RouteEntry } from "../contracts/router/route.ts";
import {
  grpcTimeoutMs,
  hasTimeoutHeaders,
  tellGrpcTimeout,
  timeoutsOf,
} from "./request-timeouts.ts";
import type { RouterConfig } from "./router-config.ts";
import type { TimeoutEntry, TimeoutQueue, TimeoutQueues } from "./timeout-queue.ts";

/** What a request is answered that has taken too long. */
export const timeoutCodeDefault = 504;

/** The time limits of one request, which run from its end, and of its one attempt. */
export abstract class TimedRequest implements TimeoutEntry {
  timeoutAtMs = 0;
  timeoutNext: TimeoutEntry | undefined = undefined;
  timeoutPrevious: TimeoutEntry | undefined = undefined;
  timeoutQueue: TimeoutQueue | undefined = undefined;
  /** The request has been received whole; 0 = not yet. */
  protected requestCompleteMs = 0;
  protected timeoutCode = timeoutCodeDefault;
  readonly #dispatcher: Dispatcher;
  readonly #queues: TimeoutQueues;
  #timeoutMs = 0;
  #timeoutFromRoute = true;
  #perTryMs = 0;
  #timer: Timer | undefined = undefined;
  #perTryTimer: Timer | undefined = undefined;

  constructor(dispatcher: Dispatcher, queues: TimeoutQueues) {
    this.#dispatcher = dispatcher;
    this.#queues = queues;
  }

  abstract onTimeout(): void;
  protected abstract onPerTryTimeout(): void;
  /** The attempt has a stream on a connection, whose limit can run. */
  protected abstract readonly attemptIsReady: boolean;

  /** The limits of the route and of the request's own headers; tells the upstream of them. */
  protected takeTimeouts(headers: RequestHeaderMap, entry: RouteEntry, config: RouterConfig): void {
    const grpcMs = entry.grpcTimeout && grpcTimeoutMs(headers, entry.grpcTimeout);
    this.#timeoutMs = grpcMs ?? entry.timeoutMs;
    this.#timeoutFromRoute = grpcMs === undefined;
    if (hasTimeoutHeaders(headers)) {
      const timeouts = timeoutsOf(headers, this.#timeoutMs, config);
      this.#timeoutMs = timeouts.globalMs;
      this.#timeoutFromRoute &&= timeouts.fromRoute;
      this.#perTryMs = timeouts.perTryMs;
      this.timeoutCode = timeouts.code;
    }
    const expectedMs = this.#perTryMs > 0 ? this.#perTryMs : this.#timeoutMs;
    if (expectedMs > 0 && !config.suppressEnvoyHeaders) {
      headers.setId(HeaderId.XEnvoyExpectedRqTimeoutMs, String(expectedMs));
    }
    if (grpcMs !== undefined) tellGrpcTimeout(headers, expectedMs);
  }

  /** The route's timeout runs from here on. */
  protected onRequestComplete(): void {
    const now = this.nowMs();
    this.requestCompleteMs = now;
    if (this.#timeoutMs > 0) this.#armTimeout(now);
    this.armPerTryTimeout();
  }

  #armTimeout(now: number): void {
    if (this.#timeoutFromRoute) {
      this.#queues.of(this.#timeoutMs).add(this, now);
      return;
    }
    // Lengths that clients choose are not worth a queue each.
    this.#timer = this.#dispatcher.createTimer(() => this.onTimeout());
    this.#timer.enable(this.#timeoutMs);
  }

  /** Once the request has ended and the attempt is ready, whichever comes last. */
  protected armPerTryTimeout(): void {
    if (this.#perTryMs === 0 || this.requestCompleteMs === 0) return;
    if (!this.attemptIsReady || this.#perTryTimer) return;
    this.#perTryTimer = this.#dispatcher.createTimer(() => this.onPerTryTimeout());
    this.#perTryTimer.enable(this.#perTryMs);
  }

  protected disarmTimeout(): void {
    this.timeoutQueue?.remove(this);
    this.#timer?.disable();
  }

  protected disarmPerTryTimeout(): void {
    this.#perTryTimer?.disable();
  }

  protected nowMs(): number {
    return this.#dispatcher.time.monotonicMs();
  }
}
