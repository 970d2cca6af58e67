export {
  type AttributeName,
  type AttributeObject,
  attributes,
  type AttributeType,
  stateObjects,
  type TopLevelAttribute,
  topLevelAttributes,
} from "./attributes.ts";
export {
  type Callback,
  type CallbackName,
  callbacks,
  exportSignature,
  otherExports,
} from "./callbacks.ts";
export {
  type Hostcall,
  type HostcallGroup,
  type HostcallName,
  hostcallNames,
  hostcalls,
  type ValueType,
} from "./hostcalls.ts";
export {
  exportedCallbacks,
  exportProblems,
  exportWarnings,
  importProblems,
  type Suggest,
} from "./imports.ts";
export * from "./numbers/action.ts";
export * from "./numbers/buffer-type.ts";
export * from "./numbers/close-type.ts";
export * from "./numbers/first-bytes.ts";
export * from "./numbers/log-level.ts";
export * from "./numbers/map-type.ts";
export * from "./numbers/metric-type.ts";
export * from "./numbers/status.ts";
export * from "./numbers/stream-type.ts";
export * from "./numbers/wasi-errno.ts";
export {
  pairsByteLength,
  type PairLimits,
  pairLimits,
  type PairSource,
  readPairs,
  writePairs,
} from "./pairs.ts";
export { encodeBoolean, encodeInteger, nanoseconds, propertyPath } from "./properties.ts";
export { type AbiVersion, abiVersionOf, abiVersions } from "./versions.ts";
export {
  toolchainImports,
  type WasiFunction,
  wasiFunctions,
  wasiModules,
  type WasiName,
} from "./wasi.ts";
export { BinaryReader, hex, WasmFormatError } from "./wasm/binary-reader.ts";
export { BulkOpcode, Opcode, readValueType, skipImmediates } from "./wasm/instructions.ts";
export {
  type CountLimits,
  type ExternalKind,
  type FunctionType,
  type GlobalType,
  type Limits,
  type ModuleExport,
  type ModuleImport,
  type ModuleInfo,
  readLimits,
  readModule,
  readTable,
  type Section,
  SectionId,
} from "./wasm/module-info.ts";
