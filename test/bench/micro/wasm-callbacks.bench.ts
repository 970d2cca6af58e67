// CPU of one HTTP stream through a Wasm filter, without the streams' own cost: with empty callbacks, and with two host
// calls in one of them.
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
const others = `
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) ${result})
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_delete") (param i32))`;
const empty = await guest(
  `${others} (func (export "proxy_on_request_headers") (param i32 i32 i32) ${result})`,
);
const readOneAddOne = await guest(`${others}
  (data (i32.const 0) "x-in") (data (i32.const 16) "x-out") (data (i32.const 32) "value")
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $proxy_get_header_map_value
      (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 68)))
    (drop (call $proxy_add_header_map_value
      (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 32) (i32.const 5)))
    (global.set $next (i32.const 4096))
    (i32.const 0))`);

const callbacks = {
  mostSpecificPerFilterConfig: () => undefined,
  clearRouteCache: () => undefined,
} as unknown as StreamDecoderFilterCallbacks & StreamEncoderFilterCallbacks;
const responseHeaders = headerMapOf([[":status", "200"]]) as ResponseHeaderMap;
const streamInfo = {} as StreamInfo;

const batch = 100_000;
const rounds = 20;

function newHead(): RequestHeaderMap {
  return headerMapOf([
    [":method", "GET"],
    [":path", "/"],
    ["x-in", "abc"],
  ]) as RequestHeaderMap;
}

/** Microseconds of a stream. `head`: its request headers. */
async function cpuOf(code: Uint8Array, head: () => RequestHeaderMap): Promise<number> {
  const { root } = await new WasmHost().load(code);
  const routes = { rootOfRoute: () => root };
  const streams = (): void => {
    for (let i = 0; i < batch; i += 1) {
      const filter = new WasmFilter(root, routes);
      filter.setDecoderFilterCallbacks(callbacks);
      filter.setEncoderFilterCallbacks(callbacks);
      filter.decodeHeaders(head(), true);
      filter.encodeHeaders(responseHeaders, true);
      filter.onLog(streamInfo);
      filter.onDestroy();
    }
  };
  streams();
  streams();
  let best = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    streams();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / batch);
  }
  return best;
}

const head = newHead();
const six = await cpuOf(empty, () => head);
console.log(`6 empty callbacks of a stream: ${six.toFixed(3)} us CPU`);
// What was added must not be there already: making the headers counts.
const two = await cpuOf(readOneAddOne, newHead);
console.log(`one header read, one added: ${two.toFixed(3)} us CPU`);
