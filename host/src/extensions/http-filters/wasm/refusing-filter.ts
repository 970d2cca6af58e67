import type { RequestHeaderMap } from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../../contracts/http/filter.ts";
import type { WasmRouteConfig } from "./route-config.ts";

const grpcUnavailable = 14;

/** In the place of a plugin whose code is not there: answers 503, except where the route does without the plugin. */
export class RefusingFilter implements StreamDecoderFilter {
  #decoder!: StreamDecoderFilterCallbacks;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#decoder = callbacks;
  }

  decodeHeaders(_headers: RequestHeaderMap, _endStream: boolean): FilterHeadersStatus {
    const route = this.#decoder.mostSpecificPerFilterConfig() as WasmRouteConfig | undefined;
    if (route?.disabled === true) return FilterHeadersStatus.Continue;
    this.#decoder.sendLocalReply({
      code: 503,
      body: "",
      details: "wasm_fail_stream",
      grpcStatus: grpcUnavailable,
    });
    return FilterHeadersStatus.StopIteration;
  }

  decodeData(): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  decodeTrailers(): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }

  onDestroy(): void {}
}
