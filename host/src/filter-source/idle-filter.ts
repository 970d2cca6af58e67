import { abiVersionOf, exportedCallbacks, readModule, WasmFormatError } from "@sluice/abi";

/** Callbacks that every SDK has: none of them does anything by itself. */
const bookkeeping = new Set(["proxy_on_context_create", "proxy_on_done", "proxy_on_delete"]);

/** Why nothing of a script would ever run, and the mend; undefined: something may. */
export function idleScript(text: string): string | undefined {
  if (/\benvoy_on_(request|response)\b/.test(text)) return undefined;
  return `the script has no hook, so nothing of it would ever run
    Define function envoy_on_request(handle) or function envoy_on_response(handle).`;
}

/** What is said of a module of which nothing would ever run, and the mend. */
export const moduleIsIdle = `the module exports no callback, so nothing of it would ever run
    In AssemblyScript override a method such as onRequestHeaders; elsewhere export proxy_on_request_headers.`;

/** As `idleScript()`. What is no module of Proxy-Wasm is left to those who load it. */
export function idleModule(bytes: Uint8Array): string | undefined {
  try {
    const info = readModule(bytes);
    if (abiVersionOf(info) === undefined) return undefined;
    return exportedCallbacks(info).every((name) => bookkeeping.has(name))
      ? moduleIsIdle
      : undefined;
  } catch (error) {
    if (error instanceof WasmFormatError) return undefined;
    throw error;
  }
}
