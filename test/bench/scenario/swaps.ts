import { renameSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { discoveredFilter } from "../lib/bootstrap.ts";
import { type Child, get, untilReady } from "../lib/child.ts";
import { load } from "../lib/load.ts";
import { ports, proxyUrl, scratchFile, startSluice } from "../lib/proxies.ts";
import { median, type Report } from "../lib/report.ts";
import { helloModule } from "./guests.ts";

const swaps = 100;
const luaMessage = "envoy.extensions.filters.http.lua.v3.Lua";
const wasmMessage = "envoy.extensions.filters.http.wasm.v3.Wasm";

/** 100 ECDS swaps of a script and a module under full load: failed requests, and time from rename to commit. */
export async function benchSwaps(report: Report): Promise<void> {
  const files = { lua: writeLua(0), wasm: writeWasm(0) };
  const proxy = startSluice(
    {
      httpFilters: [
        discoveredFilter("lua", files.lua, luaMessage),
        discoveredFilter("wasm", files.wasm, wasmMessage),
      ],
    },
    ["--concurrency", "1"],
  );
  try {
    await untilReady(`${proxyUrl}/`, proxy);
    const running = load({ url: `${proxyUrl}/`, pid: proxy.pid, seconds: 30 });
    await sleep(1000);
    const times: number[] = [];
    for (let i = 1; i <= swaps; i += 1) {
      times.push(await swap(proxy, "lua", i));
      times.push(await swap(proxy, "wasm", i));
    }
    const result = await running;
    const last = await get(`http://127.0.0.1:${ports.admin}/stats?filter=config_reload`);
    report.row(
      "ECDS swaps of both filters under load",
      `${swaps} each; ${last.body.trim().replaceAll("\n", "; ")}`,
    );
    report.row("ECDS failed requests (0)", `${result.failed} of ${result.requests}`);
    report.row(
      "ECDS rename to last commit (median ≤ 50 ms)",
      `median ${median(times).toFixed(0)} ms, max ${Math.max(...times).toFixed(0)} ms`,
    );
    if (result.failed > 0) report.problem(`${result.failed} requests failed during the swaps`);
  } finally {
    await proxy.stop();
  }
}

/** Renames a new version into place; milliseconds until the proxy has said that all workers have it. */
async function swap(proxy: Child, name: string, version: number): Promise<number> {
  const seen = proxy.errors.length;
  const text = `extension config '${name}': version "${version}" is in force`;
  const begin = performance.now();
  if (name === "lua") writeLua(version);
  else writeWasm(version);
  for (let i = 0; i < 5000; i += 1) {
    if (proxy.errors.includes(text, seen)) {
      return performance.now() - begin;
    }
    await sleep(1);
  }
  throw new Error(`the swap of ${name} was not committed:\n${proxy.errors.slice(-2000)}`);
}

function writeLua(version: number): string {
  const code = `function envoy_on_request(handle) handle:headers():replace("x-lua", "${version}") end`;
  return place("lua.json", version, {
    "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
    name: "lua",
    typed_config: {
      "@type": `type.googleapis.com/${luaMessage}`,
      default_source_code: { inline_string: code },
    },
  });
}

function writeWasm(version: number): string {
  return place("wasm.json", version, {
    "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
    name: "wasm",
    typed_config: {
      "@type": `type.googleapis.com/${wasmMessage}`,
      config: {
        name: "hello",
        configuration: {
          "@type": "type.googleapis.com/google.protobuf.StringValue",
          value: `version ${version}`,
        },
        vm_config: { runtime: "envoy.wasm.runtime.v8", code: { local: { filename: helloModule } } },
      },
    },
  });
}

function place(name: string, version: number, resource: object): string {
  const text = JSON.stringify({ version_info: String(version), resources: [resource] });
  const temporary = scratchFile(`${name}.new`, text);
  const file = path.join(path.dirname(temporary), name);
  renameSync(temporary, file);
  return file;
}
