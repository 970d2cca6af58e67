// CPU of one HTTP stream through a Wasm filter whose callbacks are empty, without the streams' own cost:
//   node -C sluice-source test/bench/micro/wasm-callbacks.bench.ts
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import type {
  StreamDecoderFilterCallbacks,
  StreamEncoderFilterCallbacks,
} from "../../../host/src/contracts/http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../host/src/contracts/headers.ts";
import type { StreamInfo } from "../../../host/src/contracts/stream-info.ts";
import { WasmFilter } from "../../../host/src/extensions/http-filters/wasm/wasm-filter.ts";
import { WasmHost } from "../../support/wasm.ts";
import { guest } from "../../support/wasm-guest.ts";

const result = "(result i32) (i32.const 0)";
const empty = await guest(`
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) ${result})
  (func (export "proxy_on_response_headers") (param i32 i32 i32) ${result})
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_delete") (param i32))`);

const callbacks = {
  mostSpecificPerFilterConfig: () => undefined,
} as unknown as StreamDecoderFilterCallbacks & StreamEncoderFilterCallbacks;
const requestHeaders = headerMapOf([
  [":method", "GET"],
  [":path", "/"],
]) as RequestHeaderMap;
const responseHeaders = headerMapOf([[":status", "200"]]) as ResponseHeaderMap;
const streamInfo = {} as StreamInfo;

const { root } = await new WasmHost().load(empty);
const routes = { rootOfRoute: () => root };

function streams(count: number): void {
  for (let i = 0; i < count; i += 1) {
    const filter = new WasmFilter(root, routes);
    filter.setDecoderFilterCallbacks(callbacks);
    filter.setEncoderFilterCallbacks(callbacks);
    filter.decodeHeaders(requestHeaders, true);
    filter.encodeHeaders(responseHeaders, true);
    filter.onLog(streamInfo);
    filter.onDestroy();
  }
}

const batch = 100_000;
streams(batch);
streams(batch);
const best = Math.min(
  ...Array.from({ length: 10 }, () => {
    const before = process.cpuUsage();
    streams(batch);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / batch;
  }),
);
console.log(`6 empty callbacks of a stream: ${best.toFixed(3)} us CPU`);
