import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import type {
  StreamDecoderFilterCallbacks,
  StreamEncoderFilterCallbacks,
} from "../../../host/src/contracts/http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../host/src/contracts/headers.ts";
import type { StreamInfo } from "../../../host/src/contracts/stream-info.ts";
import { WasmFilter } from "../../../host/src/extensions/http-filters/wasm/wasm-filter.ts";
import { WasmHost } from "../../support/wasm.ts";

const callbacks = {
  mostSpecificPerFilterConfig: () => undefined,
  clearRouteCache: () => undefined,
} as unknown as StreamDecoderFilterCallbacks & StreamEncoderFilterCallbacks;
const responseHeaders = headerMapOf([[":status", "200"]]) as ResponseHeaderMap;
const streamInfo = {} as StreamInfo;

const batch = 100_000;

export function newHead(): RequestHeaderMap {
  return headerMapOf([
    [":method", "GET"],
    [":path", "/"],
    ["x-in", "abc"],
  ]) as RequestHeaderMap;
}

/** HTTP streams through one module's filter, without the streams' own cost. */
export class WasmStreams {
  /** Microseconds of CPU of a stream, in the best batch so far. */
  best = Infinity;
  readonly #run: () => void;

  private constructor(run: () => void) {
    this.#run = run;
  }

  /** `head`: a stream's request headers. */
  static async of(code: Uint8Array, head: () => RequestHeaderMap): Promise<WasmStreams> {
    const { root } = await new WasmHost().load(code);
    const routes = { rootOfRoute: () => root };
    const streams = new WasmStreams(() => {
      for (let i = 0; i < batch; i += 1) {
        const filter = new WasmFilter(root, routes);
        filter.setDecoderFilterCallbacks(callbacks);
        filter.setEncoderFilterCallbacks(callbacks);
        filter.decodeHeaders(head(), true);
        filter.encodeHeaders(responseHeaders, true);
        filter.onLog(streamInfo);
        filter.onDestroy();
      }
    });
    streams.#run();
    streams.#run();
    return streams;
  }

  measure(): void {
    const before = process.cpuUsage();
    this.#run();
    const { user, system } = process.cpuUsage(before);
    this.best = Math.min(this.best, (user + system) / batch);
  }
}

/** The best of several batches each, taken in turns: what disturbs the machine disturbs all of them. */
export function measureInTurns(rounds: number, ...all: readonly WasmStreams[]): void {
  for (let round = 0; round < rounds; round += 1) for (const streams of all) streams.measure();
}
