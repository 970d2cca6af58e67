import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  RequestHeaderMap,
  ResponseHeaderMap,
  TrailerMap,
} from "../../../contracts/headers.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "../../../contracts/http/filter.ts";

/** Lets requests and responses through as they are (Envoy: `PassThroughFilter`); subclasses override what they look at. */
export class PassThroughFilter implements StreamFilter {
  /** Set before the first callback of the stream. */
  protected decoderCallbacks!: StreamDecoderFilterCallbacks;
  /** Set before the first callback of the stream. */
  protected encoderCallbacks!: StreamEncoderFilterCallbacks;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.decoderCallbacks = callbacks;
  }

  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.encoderCallbacks = callbacks;
  }

  decodeHeaders(_headers: RequestHeaderMap, _endStream: boolean): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  decodeData(_data: DataBuffer, _endStream: boolean): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  decodeTrailers(_trailers: TrailerMap): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }

  encodeHeaders(_headers: ResponseHeaderMap, _endStream: boolean): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  encodeData(_data: DataBuffer, _endStream: boolean): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  encodeTrailers(_trailers: TrailerMap): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }

  onDestroy(): void {
    // Nothing is pending.
  }
}
