// Whether Wasm plugins that come and go, and the streams of one that stays, leave memory as it was:
//   node -C sluice-source test/endurance/wasm.ts [seconds for each part, default 120]
// 10,000 times a plugin is prepared, used and let go; then 1,000,000 streams pass through one. The figures after a
// warm-up of a fifth and at the end are printed; the exit code is 1 when any grew by more than 5 %.
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../host/src/contracts/headers.ts";
import type {
  StreamDecoderFilterCallbacks,
  StreamEncoderFilterCallbacks,
} from "../../host/src/contracts/http/filter.ts";
import { WasmFilter } from "../../host/src/extensions/http-filters/wasm/wasm-filter.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { residentBytes } from "../support/collected.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";

const cycles = 10_000;
const streams = 1_000_000;
const allowedGrowth = 1.05;
const limitMs = 1000 * Number(process.argv[2] ?? 120);

const code = await assemblyScript("test/fixtures/wasm/assembly/probe.ts");
let grown = false;

/** Runs `step` so many times, or as often as there is time for, and compares memory after a fifth with the end. */
async function part(name: string, count: number, step: (i: number) => unknown): Promise<void> {
  const start = performance.now();
  const warmUp = count / 5;
  let before = 0;
  let i = 0;
  for (; i < count && performance.now() - start < limitMs; i += 1) {
    if (i === warmUp) before = await residentBytes();
    await step(i);
  }
  const after = await residentBytes();
  if (i <= warmUp) throw new Error(`${name}: there was no time to warm up`);
  const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;
  const ratio = after / before;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `${name}: ${i} in ${seconds} s; ${mib(before)} after ${warmUp}, ${mib(after)} at the end: x${ratio.toFixed(3)}`,
  );
  grown ||= ratio > allowedGrowth;
}

/** The logs of a test's host are kept: here they are dropped. */
function quiet(host: WasmHost): WasmHost {
  host.logger.lowest = "critical";
  host.canaryLogger.lowest = "critical";
  return host;
}

async function pluginCycles(name: string, cloneVms: boolean): Promise<void> {
  const host = quiet(new WasmHost(undefined, undefined, { wasm: { cloneVms } }));
  await part(name, cycles, async (i) => {
    const settings = pluginSettings({ configuration: `number ${i}`, vm: { vmId: `vm ${i % 7}` } });
    const handle = await host.load(code, settings);
    handle.release();
  });
}

const callbacks = {
  mostSpecificPerFilterConfig: () => undefined,
} as unknown as StreamDecoderFilterCallbacks & StreamEncoderFilterCallbacks;
const requestHeaders = headerMapOf([
  [":method", "POST"],
  [":path", "/"],
]) as RequestHeaderMap;
const responseHeaders = headerMapOf([[":status", "200"]]) as ResponseHeaderMap;

await pluginCycles("plugins, cloned", true);
await pluginCycles("plugins, started", false);
const { root } = await quiet(new WasmHost()).load(code);
await part("streams", streams, () => {
  const filter = new WasmFilter(root, { rootOfRoute: () => root });
  filter.setDecoderFilterCallbacks(callbacks);
  filter.setEncoderFilterCallbacks(callbacks);
  filter.decodeHeaders(requestHeaders, false);
  filter.decodeData(OwnedBuffer.latin1("body"), true);
  filter.encodeHeaders(responseHeaders, true);
  filter.onDestroy();
});
process.exitCode = grown ? 1 : 0;
