import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../contracts/http/filter.ts";
import { ResponseFlag } from "../../contracts/stream-info.ts";

/** Stands in the chain where the configuration of a discovered filter has not arrived: 500, flag NFCF. */
export class MissingConfigFilter implements StreamDecoderFilter {
  #callbacks: StreamDecoderFilterCallbacks | undefined = undefined;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  decodeHeaders(): FilterHeadersStatus {
    const callbacks = this.#callbacks!;
    callbacks.streamInfo.responseFlags |= ResponseFlag.NoFilterConfigFound;
    callbacks.sendLocalReply({ code: 500, body: "", details: "" });
    return FilterHeadersStatus.StopIteration;
  }

  decodeData(): FilterDataStatus {
    return FilterDataStatus.StopIterationNoBuffer;
  }

  decodeTrailers(): FilterTrailersStatus {
    return FilterTrailersStatus.StopIteration;
  }

  onDestroy(): void {
    this.#callbacks = undefined;
  }
}
