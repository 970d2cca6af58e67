/** What the Lua states of one worker may take together. */
export interface StateQuotaLimits {
  readonly states: number;
  readonly bytes: number;
}

/** Built-in defaults of `sluice.guests.v1.Guests.lua_states`: with all of the states there is room to grow for each. */
export const stateQuotaDefault: StateQuotaLimits = { states: 500, bytes: 1024 * 1_048_576 };

/** The part of the quota that spare states may fill; the rest is for scripts that have none yet. */
const spareShare = 0.75;

/** Counts the Lua states of one thread and their linear memory against what they may take together. */
export class StateQuota {
  readonly limits: StateQuotaLimits;
  states = 0;
  bytes = 0;

  constructor(limits: StateQuotaLimits = stateQuotaDefault) {
    this.limits = limits;
  }

  /** Whether there is so much room that a state may be made which nobody needs yet. */
  get hasRoomForSpares(): boolean {
    const { states, bytes } = this.limits;
    return this.states < states * spareShare && this.bytes < bytes * spareShare;
  }

  /** One more state with so much memory; the text says why there can be none. */
  addState(bytes: number): string | undefined {
    if (this.states >= this.limits.states) {
      return `the limit of ${this.limits.states} Lua states per worker is reached`;
    }
    if (!this.grow(bytes)) {
      return `the Lua states of this worker have ${this.bytes} bytes, and may have ${this.limits.bytes} together`;
    }
    this.states += 1;
    return undefined;
  }

  /** A state's memory grows; false when it may not. */
  grow(bytes: number): boolean {
    if (this.bytes + bytes > this.limits.bytes) return false;
    this.bytes += bytes;
    return true;
  }

  /** A state that had so much memory is gone. */
  removeState(bytes: number): void {
    this.states -= 1;
    this.bytes -= bytes;
  }
}
