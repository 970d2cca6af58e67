/**
 * `sluice.guests.v1.Limits`. Undefined: the built-in default of `guest/limits`, which is also what the
 * message documents.
 */
export interface GuestLimits {
  /** CPU time of one call into the guest for a stream, connection or timer. */
  readonly cpuTimePerCallbackMs: number | undefined;
  /** CPU time of starting a guest on a worker: `on_vm_start`, `on_configure`, a script's main chunk. */
  readonly cpuTimePerConfigureMs: number | undefined;
  /** Linear memory of one guest on one worker. */
  readonly maxMemoryBytes: number | undefined;
  /** Size of the module. */
  readonly maxModuleBytes: number | undefined;
  /** Code size of the module's largest function. */
  readonly maxFunctionBodyBytes: number | undefined;
  /** Functions that the module defines. */
  readonly maxFunctions: number | undefined;
}

/** `sluice.guests.v1.Guests`, the bootstrap extension. */
export interface GuestLimitsConfig {
  readonly defaultLimits: GuestLimits;
  /** By plugin or filter name, already laid over `defaultLimits`. Names not in it have `defaultLimits`. */
  readonly byName: ReadonlyMap<string, GuestLimits>;
}
