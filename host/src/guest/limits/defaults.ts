import type { CountLimits } from "@sluice/abi";

/** Bytes of one page of WebAssembly memory. */
export const pageBytes = 65_536;

/** Milliseconds of CPU that a call into a guest may take. */
export const callBudgetMs = {
  /** One callback of a stream or connection, one timer. */
  callback: 10,
  /** `on_vm_start`, `on_configure`, running a script's main chunk: on a worker. */
  configure: 1000,
  /** The same on the main thread, before the configuration goes to the workers. */
  canary: 5000,
} as const;

/** Bytes of linear memory of one guest unless configured, and the most that can be configured. */
export const memoryBytesDefault = 64 * 1_048_576;
export const memoryBytesMax = 1024 * 1_048_576;

/** What a module may look like. They keep compiling it (in time and memory) in proportion to its size. */
export interface StaticLimits {
  readonly moduleBytes: number;
  readonly functionBodyBytes: number;
  readonly locals: number;
  /** Product of locals and blocks of one function: what the baseline compiler's cost grows with. */
  readonly localsTimesBlocks: number;
  readonly nesting: number;
  readonly brTableTargets: number;
  /** Elements of one table; larger declared maxima are lowered to this. */
  readonly tableElements: number;
  /** Bytes of the function names that are kept for stack traces. */
  readonly nameSectionBytes: number;
  readonly counts: CountLimits;
}

export const staticLimits: StaticLimits = {
  moduleBytes: 16 * 1_048_576,
  functionBodyBytes: 512 * 1024,
  locals: 2000,
  localsTimesBlocks: 4_000_000,
  nesting: 1000,
  brTableTargets: 10_000,
  tableElements: 131_072,
  nameSectionBytes: 8 * 1_048_576,
  counts: {
    types: 10_000,
    imports: 10_000,
    functions: 100_000,
    tables: 16,
    globals: 100_000,
    exports: 10_000,
    elementSegments: 100_000,
    dataSegments: 100_000,
    customSections: 1000,
  },
};

/** How much of a worker one guest may take while the worker is late; see `CpuShare`. */
export const cpuShareDefaults = { cpuShare: 0.5, loopDelayMs: 50 } as const;

/** What a guest may hand to the host in one call, or keep of it. */
export interface InputLimits {
  /** Pairs of a header map, and their bytes; more are read as none. */
  readonly headerPairs: number;
  readonly headerBytes: number;
  /** Longer lines are cut. */
  readonly logLineBytes: number;
  readonly sharedDataValueBytes: number;
  /** Metrics that one VM may define. */
  readonly metrics: number;
  /** HTTP calls of one plugin under way, and as many gRPC calls and streams. */
  readonly httpCalls: number;
  /** Timers are not set shorter than this. */
  readonly tickPeriodMinMs: number;
  /** Bytes of the argument of a foreign function. */
  readonly foreignBytes: number;
  /** Bytes of the value of a property that is set. */
  readonly propertyBytes: number;
  /** Bytes of the bodies of one plugin's HTTP calls under way, together, and as many of its gRPC calls. */
  readonly callBytes: number;
  /** Bytes that a body or a connection's data may be made to have, and of the body of a local response. */
  readonly bodyBytes: number;
}

export const inputLimits: InputLimits = {
  headerPairs: 1024,
  headerBytes: 1_048_576,
  logLineBytes: 8192,
  sharedDataValueBytes: 1_048_576,
  metrics: 1024,
  httpCalls: 1024,
  tickPeriodMinMs: 10,
  foreignBytes: 4 * 1_048_576,
  propertyBytes: 1_048_576,
  callBytes: 128 * 1_048_576,
  bodyBytes: 32 * 1_048_576,
};

/** Deterministic mode: instructions that a call may execute. */
export const instructionBudget = { callback: 50_000_000, configure: 5_000_000_000 } as const;

/** Wasm VMs of one worker. */
export const vmsPerWorkerMax = 1000;
