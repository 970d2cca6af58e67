import type { ConfigContext } from "../config/context.ts";
import type { Bootstrap } from "../config/gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Guests } from "../config/gen/sluice/guests/v1/guests_pb.ts";
import type { GuestLimits, GuestLimitsConfig, WasmSettings } from "../contracts/config/guests.ts";
import { guestLimitsOf, sharedLimitsOf, wasmSettingsOf } from "./guest-limits.ts";
import { luaGuestsOf } from "./lua-settings.ts";

export const guestsName = "sluice.guests.v1.Guests";

/** Of `bootstrap_extensions` our own settings for guests. */
export function parseBootstrapExtensions(
  message: Bootstrap,
  context: ConfigContext,
): GuestLimitsConfig {
  let guests: Guests | undefined;
  message.bootstrapExtensions.forEach((extension, index) => {
    const { typedConfig } = extension;
    const field = `bootstrap_extensions[${index}]`;
    // The rules say that there must be one.
    if (!typedConfig) return;
    const content = context.model.contentOf(typedConfig);
    if (content.messageName !== guestsName) return;
    if (guests) {
      context.problem(message, field, "the limits of guests are set already");
    } else guests = content.message as Guests | undefined;
  });
  return guestsConfigOf(guests, context);
}

function guestsConfigOf(guests: Guests | undefined, context: ConfigContext): GuestLimitsConfig {
  const defaultLimits = guestLimitsOf(guests?.defaultLimits, noLimits, context);
  const byName = new Map<string, GuestLimits>();
  const wasm = wasmSettingsOf(guests?.defaultWasm, {});
  const wasmByName = new Map<string, WasmSettings>();
  for (const entry of guests?.entries ?? []) {
    const { name, limits } = entry;
    if (byName.has(name)) {
      context.problem(entry, "name", `the limits of "${name}" are set already`);
    }
    byName.set(name, guestLimitsOf(limits, defaultLimits, context));
    wasmByName.set(name, wasmSettingsOf(entry.wasm, wasm));
  }
  const wasmVmsPerWorkerMax = guests?.maxWasmVmsPerWorker;
  const watch = { sampleOneIn: guests?.measureOneStreamOf };
  return {
    defaultLimits,
    byName,
    ...luaGuestsOf(guests, context),
    wasm,
    wasmByName,
    wasmVmsPerWorkerMax,
    shared: sharedLimitsOf(guests?.sharedMemory),
    watch,
  };
}

const noLimits: GuestLimits = {
  cpuTimePerCallbackMs: undefined,
  cpuTimePerConfigureMs: undefined,
  maxMemoryBytes: undefined,
  maxModuleBytes: undefined,
  maxFunctionBodyBytes: undefined,
  maxFunctions: undefined,
};
