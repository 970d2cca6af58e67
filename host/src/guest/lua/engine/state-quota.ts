/** What the Lua states of one worker may take together. */
export interface StateQuotaLimits {
  readonly states: number;
  readonly bytes: number;
}

/** Built-in defaults of `sluice.guests.v1.Guests.lua_states`: with all of the states there is room to grow for each. */
export const stateQuotaDefault: StateQuotaLimits = { states: 500, bytes: 1024 * 1_048_576 };

/** Spare states are made until so much of the quota is used. */
const spareShare = 0.75;

/** Counts the Lua states of one thread and their linear memory against what they may take together. */
export class StateQuota {
  readonly limits: StateQuotaLimits;
  states = 0;
  bytes = 0;
  /** What gives up each spare state, with its memory; the oldest first. */
  readonly #spares = new Map<() => void, number>();
  #spareBytes = 0;

  constructor(limits: StateQuotaLimits = stateQuotaDefault) {
    this.limits = limits;
  }

  /** Whether there is so much room that a state may be made which nobody needs yet. It is given up when others need it. */
  get hasRoomForSpares(): boolean {
    const { states, bytes } = this.limits;
    return this.states < states * spareShare && this.bytes < bytes * spareShare;
  }

  /** One more state with so much memory; the text says why there can be none. */
  addState(bytes: number): string | undefined {
    if (this.states >= this.limits.states && !this.#giveUpSpare()) {
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
    const most = this.limits.bytes - bytes;
    if (this.bytes - this.#spareBytes > most) return false;
    while (this.bytes > most) this.#giveUpSpare();
    this.bytes += bytes;
    return true;
  }

  /** One of the states is a spare one with so much memory: `giveUp`, which removes it, is called when its room is needed. */
  addSpare(giveUp: () => void, bytes: number): void {
    this.#spares.set(giveUp, bytes);
    this.#spareBytes += bytes;
  }

  /** The state is no spare one any more. */
  removeSpare(giveUp: () => void): void {
    this.#spareBytes -= this.#spares.get(giveUp) ?? 0;
    this.#spares.delete(giveUp);
  }

  #giveUpSpare(): boolean {
    const [giveUp] = this.#spares.keys();
    if (giveUp === undefined) return false;
    this.removeSpare(giveUp);
    giveUp();
    return true;
  }

  /** A state that had so much memory is gone. */
  removeState(bytes: number): void {
    this.states -= 1;
    this.bytes -= bytes;
  }
}
