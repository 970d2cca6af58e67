/** Words that the main thread and the watchdog share. */
export const ControlWord = {
  /** 1: end. The watchdog sleeps on this word. */
  Stop: 0,
  /** Number of messages sent. */
  Messages: 1,
} as const;

/** What the watchdog thread starts with. */
export interface WatchdogThreadData {
  readonly control: Int32Array<SharedArrayBuffer>;
}

/** Begin or end watching one thread. */
export type WatchdogMessage =
  | { readonly kind: "watch"; readonly id: number; readonly memory: WebAssembly.Memory }
  | { readonly kind: "unwatch"; readonly id: number };
