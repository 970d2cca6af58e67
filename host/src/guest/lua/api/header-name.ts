import { isValidHeaderName } from "../../../common/headers/validation.ts";

const pseudoHeaders = new Set([
  ":method",
  ":authority",
  ":path",
  ":scheme",
  ":status",
  ":protocol",
]);

/** True for what a script may name: a field name in lower case, or one of the pseudo headers. */
export function isScriptHeaderName(name: string): boolean {
  return isValidHeaderName(name) || pseudoHeaders.has(name);
}
