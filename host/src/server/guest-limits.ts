import type {
  InputLimits,
  Limits,
  ModuleLimits,
  SharedMemory,
  Wasm,
} from "../config/gen/sluice/guests/v1/guests_pb.ts";
import type {
  GuestInputLimits,
  GuestLimits,
  GuestModuleCounts,
  GuestModuleLimits,
  GuestSharedLimits,
  WasmSettings,
} from "../contracts/config/guests.ts";
import type { ParseContext } from "../contracts/extension.ts";

/** `sluice.guests.v1.Limits`, laid over `outer`. */
export function guestLimitsOf(
  limits: Limits | undefined,
  outer: GuestLimits,
  context: ParseContext,
): GuestLimits {
  return {
    ...(limits === undefined ? outer : laidOver(outer, ownLimitsOf(limits, context))),
    module: {
      ...laidOver(outer.module ?? {}, moduleLimitsOf(limits?.module)),
      counts: laidOver(outer.module?.counts ?? {}, moduleCountsOf(limits?.module)),
    },
    inputs: laidOver(outer.inputs ?? {}, inputLimitsOf(limits?.inputs, context)),
  };
}

function ownLimitsOf(limits: Limits, context: ParseContext): GuestLimits {
  const ms = (duration: Limits["cpuTimePerCallback"]): number | undefined =>
    duration && context.durationMs(duration, 0);
  const percent = limits.maxCpuSharePercent;
  return {
    cpuTimePerCallbackMs: ms(limits.cpuTimePerCallback),
    cpuTimePerConfigureMs: ms(limits.cpuTimePerConfigure),
    maxMemoryBytes: numberOf(limits.maxMemoryBytes),
    maxModuleBytes: numberOf(limits.maxModuleBytes),
    maxFunctionBodyBytes: limits.maxFunctionBodyBytes,
    maxFunctions: limits.maxFunctions,
    maxCpuShare: percent === undefined ? undefined : percent / 100,
    cpuShareLoopDelayMs: ms(limits.cpuShareLoopDelay),
  };
}

function moduleLimitsOf(module: ModuleLimits | undefined): GuestModuleLimits {
  if (module === undefined) return {};
  return {
    locals: module.maxLocals,
    localsTimesBlocks: module.maxLocalsTimesBlocks,
    nesting: module.maxNesting,
    brTableTargets: module.maxBrTableTargets,
    tableElements: module.maxTableElements,
    nameSectionBytes: module.maxNameSectionBytes,
  };
}

function moduleCountsOf(module: ModuleLimits | undefined): GuestModuleCounts {
  if (module === undefined) return {};
  return {
    types: module.maxTypes,
    imports: module.maxImports,
    exports: module.maxExports,
    tables: module.maxTables,
    globals: module.maxGlobals,
    elementSegments: module.maxElementSegments,
    dataSegments: module.maxDataSegments,
    customSections: module.maxCustomSections,
  };
}

function inputLimitsOf(inputs: InputLimits | undefined, context: ParseContext): GuestInputLimits {
  if (inputs === undefined) return {};
  const period = inputs.minTickPeriod;
  return {
    headerPairs: inputs.maxHeaderPairs,
    headerBytes: inputs.maxHeaderBytes,
    logLineBytes: inputs.maxLogLineBytes,
    sharedDataValueBytes: inputs.maxSharedDataValueBytes,
    metrics: inputs.maxMetrics,
    httpCalls: inputs.maxHttpCalls,
    tickPeriodMinMs: period && context.durationMs(period, 0),
    foreignBytes: inputs.maxForeignBytes,
    propertyBytes: inputs.maxPropertyBytes,
    callBytes: inputs.maxCallBytes,
    bodyBytes: inputs.maxBodyBytes,
  };
}

/** `sluice.guests.v1.Wasm`, laid over `outer`. */
export function wasmSettingsOf(wasm: Wasm | undefined, outer: WasmSettings): WasmSettings {
  return laidOver(outer, {
    cloneVms: wasm?.cloneVms,
    deterministic: wasm?.deterministic,
    lenientImports: wasm?.lenientImports,
    maxInstructionsPerCallback: numberOf(wasm?.maxInstructionsPerCallback),
    maxInstructionsPerConfigure: numberOf(wasm?.maxInstructionsPerConfigure),
  });
}

/** `sluice.guests.v1.SharedMemory` */
export function sharedLimitsOf(memory: SharedMemory | undefined): GuestSharedLimits {
  return {
    dataBytes: numberOf(memory?.maxDataBytes),
    queueBytes: numberOf(memory?.maxQueueBytes),
    queuesBytes: numberOf(memory?.maxQueuesBytes),
  };
}

function numberOf(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** `outer` where `own` says nothing. */
function laidOver<T extends object>(outer: T, own: T): T {
  const said = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...outer, ...(Object.fromEntries(said) as Partial<T>) };
}
