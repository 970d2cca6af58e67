import path from "node:path";
import { writeFileSync } from "node:fs";
import type { JsonObject } from "@bufbuild/protobuf";
import { assemblyScript } from "../../support/assemblyscript.ts";
import { askOnce } from "../../support/http-exchange.ts";
import { freePort, untilListening } from "../../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
  wasmConfig,
} from "../../support/proxy-config.ts";
import { type Cleanup, scratchFolder, startSluice } from "../../support/sluice-process.ts";

/** A host call that a module makes in a callback. */
export interface Call {
  readonly callback: "configure" | "request" | "response" | "log";
  readonly kind: "get" | "set" | "foreign" | "expr";
  readonly args: readonly (string | Uint8Array)[];
}

export interface Outcome {
  /** Per call: the status and the result in hexadecimal. */
  readonly calls: readonly string[];
  /** What the access log printed, per operator. */
  readonly operators: readonly string[];
  /** What the response carried. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface Scenario {
  readonly calls: readonly Call[];
  readonly operators?: readonly string[];
  /** Runs after the module, for requests; puts what it finds into the response. */
  readonly lua?: string;
}

const hex = (arg: string | Uint8Array): string => Buffer.from(arg).toString("hex");

/** The request that every scenario has. */
const question = {
  path: "/one?a=1",
  host: "h.example",
  headers: { "x-a": "1", "user-agent": "agent" },
} as const;

function filtersOf(module: string, scenario: Scenario): JsonObject[] {
  const configuration = scenario.calls
    .map(({ callback, kind, args }) => [callback, kind, ...args.map(hex)].join(" "))
    .join("\n");
  const wasm = httpFilter("wasm", wasmConfig(module, { configuration }));
  return scenario.lua === undefined ? [wasm] : [wasm, httpFilter("lua", luaConfig(scenario.lua))];
}

/** More of a bootstrap: so much is done in one callback that it takes longer than a callback may. */
export function patience(): JsonObject {
  if (process.env["SLUICE_UNDER_TEST"] !== undefined) return {};
  const guests = {
    "@type": "type.googleapis.com/sluice.guests.v1.Guests",
    default_limits: { cpu_time_per_callback: "5s" },
  };
  return { bootstrap_extensions: [{ name: "sluice.guests", typed_config: guests }] };
}

/** Runs the proxy under test once: one request, answered without an upstream. */
export async function run(cleanup: Cleanup, scenario: Scenario): Promise<Outcome> {
  const folder = scratchFolder(cleanup);
  const module = path.join(folder, "calls.wasm");
  writeFileSync(module, await assemblyScript("test/fixtures/wasm/assembly/calls.ts"));
  const port = await freePort();
  const logFile = path.join(folder, "access.log");
  const operators = ["done", ...(scenario.operators ?? [])];
  const direct: JsonObject = {
    name: "direct",
    match: { prefix: "/" },
    direct_response: { status: 200, body: { inline_string: "ok" } },
  };
  const listener = httpListener({
    port,
    filters: filtersOf(module, scenario),
    routes: [direct],
    accessLog: logFile,
    logFormat: operators.join("\t"),
  });
  const config = bootstrap([listener], [], { node: { id: "n", cluster: "c" }, ...patience() });
  const proxy = await startSluice(cleanup, { config, folder, args: ["--concurrency", "1"] });
  await untilListening(port);
  const { headers } = await askOnce(port, question);
  const [line = ""] = await logLines(logFile, 1);
  const { calls } = scenario;
  const results: string[] = [];
  const found = (): boolean => {
    for (const match of proxy.stderr.matchAll(/ call (\d+) (.*)\n/g)) {
      results[Number(match[1])] = match[2]!.trim();
    }
    return calls.every((_call, i) => results[i] !== undefined);
  };
  await proxy.until(found, "all calls");
  return { calls: results, operators: line.split("\t").slice(1), headers };
}

/** What is the same in each run. */
export function comparable({ calls, operators, headers }: Outcome): {
  readonly calls: readonly string[];
  readonly operators: readonly string[];
  readonly headers: readonly (readonly [string, string])[];
} {
  const own = [...headers].filter(([name]) => name.startsWith("x-"));
  return { calls, operators, headers: own };
}

/** Encoded protobuf of small messages: field number to varint or bytes. */
export function proto(fields: { readonly [number: number]: number | string | Uint8Array }): Buffer {
  const parts = Object.entries(fields).map(([number, value]) => {
    const tag = Number(number) << 3;
    if (typeof value === "number") return Buffer.of(tag, value);
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.of(tag | 2, bytes.length), bytes]);
  });
  return Buffer.concat(parts);
}
