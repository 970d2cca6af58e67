import type { AbiVersion } from "@sluice/abi";
import type { EffectiveLimits } from "../limits/effective-limits.ts";
import type { GuestMemoryType } from "../limits/rewriter.ts";
import type { OffsetMap } from "../limits/offset-map.ts";
import type { ModuleState } from "../limits/state-exports.ts";
import type { InstanceState } from "./engine/instance-state.ts";
import type { FilterDescription } from "./filter-description.ts";

/** `envoy.extensions.wasm.v3.VmConfig` without its code. */
export interface VmSettings {
  readonly vmId: string;
  /** The configured name; it stands in stat names. */
  readonly runtime: string;
  /** What the guest reads in `on_vm_start`. */
  readonly configuration: Uint8Array;
  /** What the guest sees through WASI. */
  readonly environment: readonly (readonly [key: string, value: string])[];
  /** Names of host calls, WASI functions and callbacks; undefined: all. */
  readonly allowedCapabilities: readonly string[] | undefined;
}

/** `envoy.extensions.wasm.v3.PluginConfig` as plain data. */
export interface PluginSettings {
  readonly name: string;
  readonly rootId: string;
  readonly vm: VmSettings;
  /** What the guest reads in `on_configure`. */
  readonly configuration: Uint8Array;
  /** StopIteration of a headers callback holds headers only, not body and trailers. */
  readonly allowOnHeadersStopIteration: boolean;
  /** What new streams get once the VM has failed: 503, no filter, or a new VM. */
  readonly failurePolicy: FailurePolicy;
  /** Streams that were under way when the VM failed go on without the filter (`fail_open`), instead of a 503. */
  readonly liveStreamsGoOn: boolean;
  /** Least time between two VMs of `reload`; up to half of it is added by chance. */
  readonly reloadBackoffMs: number;
  /** Where the module was read from, for those who run it again; undefined: from no file. */
  readonly codeFile?: string | undefined;
}

/** `envoy.extensions.wasm.v3.FailurePolicy`. */
export type FailurePolicy = "closed" | "open" | "reload";

/** A module that has been checked, limited and compiled: plain data that can be posted to a worker. */
export interface LoadedModule {
  readonly module: WebAssembly.Module;
  readonly memory: GuestMemoryType | undefined;
  /** Limits of the table that the module imports, if it does. */
  readonly table: ImportedTable | undefined;
  readonly offsets: OffsetMap;
  readonly state: ModuleState;
  readonly abiVersion: AbiVersion;
  /** SHA-256 of the bytes as they were given, in hexadecimal. */
  readonly sha256: string;
  /** What it says of itself; undefined: nothing. */
  readonly description: FilterDescription | undefined;
  /** What its author should know. */
  readonly warnings: readonly string[];
}

/** A table that the host must provide. */
export interface ImportedTable {
  readonly module: string;
  readonly name: string;
  readonly initial: number;
  readonly maximum: number;
}

/** A plugin that has passed its canary run. */
export interface Plugin {
  readonly settings: PluginSettings;
  readonly limits: EffectiveLimits;
  readonly module: LoadedModule;
  /** Plugins with the same key share a VM on each worker. */
  readonly vmKey: string;
  /** Of the same key within a VM: one root context. */
  readonly pluginKey: string;
  /** What VMs are made from; undefined: each is started. */
  readonly snapshot: VmSnapshot | undefined;
  /** Why there is no snapshot; empty when there is one. */
  readonly notCloned: string;
}

/** A VM with one plugin in it, just configured: plain data. */
export interface VmSnapshot {
  readonly state: InstanceState;
  readonly rootId: number;
  readonly tickPeriodMs: number;
  /** What it has defined, in that order, from which the ids follow. */
  readonly metrics: readonly (readonly [type: number, name: string])[];
}
