import type { GuestLimitsConfig } from "../../host/src/contracts/config/guests.ts";

/** Nothing configured: every guest has the defaults. */
export const noGuestLimits: GuestLimitsConfig = {
  defaultLimits: {
    cpuTimePerCallbackMs: undefined,
    cpuTimePerConfigureMs: undefined,
    maxMemoryBytes: undefined,
    maxModuleBytes: undefined,
    maxFunctionBodyBytes: undefined,
    maxFunctions: undefined,
  },
  byName: new Map(),
};
