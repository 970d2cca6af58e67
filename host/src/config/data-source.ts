import process from "node:process";
import type { Result } from "../contracts/result.ts";
import type { DataSource } from "./gen/envoy/config/core/v3/base_pb.ts";
import { readFile } from "./input.ts";

/** The content of a `DataSource`, read now. */
export function readDataSource(source: DataSource): Result<Buffer, string> {
  const { specifier } = source;
  switch (specifier.case) {
    case "filename": {
      const read = readFile(specifier.value);
      return read.ok ? read : { ok: false, error: `${specifier.value}: ${read.error}` };
    }
    case "inlineBytes":
      return { ok: true, value: Buffer.from(specifier.value) };
    case "inlineString":
      return { ok: true, value: Buffer.from(specifier.value) };
    case "environmentVariable": {
      const value = process.env[specifier.value];
      return value === undefined
        ? { ok: false, error: `the environment variable ${specifier.value} is not set` }
        : { ok: true, value: Buffer.from(value) };
    }
    case undefined:
      return { ok: false, error: "one of filename, inline_bytes, inline_string is required" };
  }
}
