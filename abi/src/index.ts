export { BinaryReader, hex, WasmFormatError } from "./wasm/binary-reader.ts";
export { Opcode, readValueType, skipImmediates } from "./wasm/instructions.ts";
export {
  type CountLimits,
  type ExternalKind,
  type FunctionType,
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
