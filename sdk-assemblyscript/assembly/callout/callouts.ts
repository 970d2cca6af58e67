import { proxy_get_status, proxy_set_effective_context } from "../env";
import { Context } from "../filter/context";
import { findContext } from "../filter/registry";
import { outPointer, outSize, outWord } from "../memory/allocator";
import { takeText } from "../memory/result";

/** A callout that has not been answered. */
export class Callout<Handler> {
  constructor(
    readonly contextId: u32,
    readonly handler: Handler,
  ) {}
}

/** Why the last callout failed, in the callback that says so. */
export class CalloutError {
  constructor(
    /** 11 when the connection broke; of gRPC its status. */
    readonly code: u32,
    readonly message: string,
  ) {}
}

export function lastCalloutError(): CalloutError {
  proxy_get_status(outWord, outPointer, outSize);
  const code = load<u32>(outWord);
  return new CalloutError(code, takeText());
}

/** Callouts by their tokens. Those of streams that have ended are forgotten when their answers come. */
export class Callouts<Handler> {
  private readonly pending: Map<u32, Callout<Handler>> = new Map<u32, Callout<Handler>>();

  add(token: u32, context: Context, handler: Handler): void {
    this.pending.set(token, new Callout<Handler>(context.contextId, handler));
  }

  /** Makes the callout's context the one that host calls are about; null when that has ended. */
  enter(token: u32): Callout<Handler> | null {
    if (!this.pending.has(token)) return null;
    const callout = this.pending.get(token);
    if (findContext(callout.contextId) === null) {
      this.pending.delete(token);
      return null;
    }
    proxy_set_effective_context(callout.contextId);
    return callout;
  }

  remove(token: u32): void {
    this.pending.delete(token);
  }
}
