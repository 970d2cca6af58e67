import { HeaderId } from "../../../common/headers/header-id.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { readHeaderTable } from "./header-table.ts";

/** The headers of `respond`, `:status` apart. */
export interface RespondHeaders {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

const badStatus = ":status must be between 200-599";

/**
 * Reads the table at `index`: names to a string or number, or to a list of them. The text of the error when it is
 * not fit for a response.
 */
export function readRespondHeaders(
  engine: LuaEngine,
  L: number,
  index: number,
): RespondHeaders | string {
  const entries = readHeaderTable(engine, L, index);
  if (typeof entries === "string") return entries;
  const headers: [string, string][] = [];
  let status = 0;
  for (const { name, value, problem } of entries) {
    if (name.id === HeaderId.Status) {
      status = problem === undefined ? Number(value) : 0;
      continue;
    }
    if (problem !== undefined) return problem;
    headers.push([name.text, value]);
  }
  const valid = Number.isInteger(status) && status >= 200 && status <= 599;
  return valid ? { status, headers } : badStatus;
}
