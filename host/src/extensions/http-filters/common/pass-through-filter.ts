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
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "../../../contracts/http/filter.ts";

/** Lets requests through as they are (Envoy: `PassThroughDecoderFilter`); subclasses override what they look at. */
export class PassThroughDecoderFilter implements StreamDecoderFilter {
  /** Set before the first callback of the stream. */
  protected decoderCallbacks!: StreamDecoderFilterCallbacks;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.decoderCallbacks = callbacks;
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

  onDestroy(): void {
    // Nothing is pending.
  }
}

/** Lets requests and responses through as they are (Envoy: `PassThroughFilter`). */
export class PassThroughFilter extends PassThroughDecoderFilter implements StreamFilter {
  /** Set before the first callback of the stream. */
  protected encoderCallbacks!: StreamEncoderFilterCallbacks;

  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.encoderCallbacks = callbacks;
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
}
