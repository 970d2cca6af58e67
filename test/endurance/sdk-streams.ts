// Whether a filter that is written with the AssemblyScript SDK leaves memory as it was:
//   node -C sluice-source test/endurance/sdk-streams.ts
// 1,000,000 streams pass through the `hello` sample, a hundred of them at the same time. The module's memory and the
// process's after a warm-up of a fifth and at the end are printed; the exit code is 1 when one grew by more than 5 %.
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../host/src/contracts/headers.ts";
import type {
  StreamDecoderFilterCallbacks,
  StreamEncoderFilterCallbacks,
} from "../../host/src/contracts/http/filter.ts";
import type { StreamInfo } from "../../host/src/contracts/stream-info.ts";
import { WasmFilter } from "../../host/src/extensions/http-filters/wasm/wasm-filter.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { residentBytes } from "../support/collected.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";

const streams = 1_000_000;
const together = 100;
const allowedGrowth = 1.05;

const host = new WasmHost();
const code = await assemblyScript("sample-filters/hello/assembly/index.ts");
const { root } = await host.load(code, pluginSettings({ configuration: "good morning" }));
const routes = { rootOfRoute: () => root };
const callbacks = {
  mostSpecificPerFilterConfig: () => undefined,
  clearRouteCache: () => undefined,
} as unknown as StreamDecoderFilterCallbacks & StreamEncoderFilterCallbacks;
const streamInfo = {} as StreamInfo;

interface Sizes {
  readonly module: number;
  readonly process: number;
}

async function sizes(): Promise<Sizes> {
  return { module: root.vm.memory.size, process: await residentBytes() };
}

/** Names are of all lengths, so that no two streams leave the same holes. */
function begin(number: number): WasmFilter {
  const filter = new WasmFilter(root, routes);
  filter.setDecoderFilterCallbacks(callbacks);
  filter.setEncoderFilterCallbacks(callbacks);
  const name = "visitor ".repeat(1 + (number % 23));
  filter.decodeHeaders(headerMapOf([["x-name", name]]) as RequestHeaderMap, true);
  return filter;
}

function finish(filter: WasmFilter): void {
  filter.encodeHeaders(headerMapOf([[":status", "200"]]) as ResponseHeaderMap, true);
  filter.onLog(streamInfo);
  filter.onDestroy();
}

const open: WasmFilter[] = [];
let warm: Sizes | undefined;
for (let i = 0; i < streams; i += 1) {
  if (i === streams / 5) warm = await sizes();
  open.push(begin(i));
  // One in the middle, so that they do not end in their order.
  if (open.length === together) finish(open.splice((i * 7) % together, 1)[0]!);
}
const end = await sizes();
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
let grown = false;
for (const what of ["module", "process"] as const) {
  const ratio = end[what] / warm![what];
  console.log(
    `${what}: ${kib(warm![what])} after ${streams / 5} streams, ${kib(end[what])} after ${streams}: x${ratio.toFixed(3)}`,
  );
  grown ||= ratio > allowedGrowth;
}
process.exitCode = grown ? 1 : 0;
