import type { WasmPerRoute } from "../../../config/gen/sluice/http/wasm/v1/wasm_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";
import { configurationBytes } from "../../../guest/wasm/guest-configuration.ts";

/** `sluice.http.wasm.v1.WasmPerRoute` as plain data. */
export type WasmRouteConfig =
  | { readonly disabled: true }
  | { readonly disabled: false; readonly configuration: Uint8Array };

export function parseRouteConfig(message: WasmPerRoute, context: ParseContext): WasmRouteConfig {
  const { override } = message;
  if (override.case !== "configuration") return { disabled: true };
  return {
    disabled: false,
    configuration: configurationBytes(override.value, message, context),
  };
}
