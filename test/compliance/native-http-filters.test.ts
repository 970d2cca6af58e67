import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type HttpFilterInstances,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "../../host/src/contracts/http/filter.ts";
import { testHttpFilter } from "./http-filter.ts";

/** Passes everything at once. */
class PassThrough implements StreamFilter {
  protected decoder!: StreamDecoderFilterCallbacks;
  protected encoder!: StreamEncoderFilterCallbacks;
  protected destroyed = false;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.decoder = callbacks;
  }
  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.encoder = callbacks;
  }
  decodeHeaders(_headers: unknown, _endStream: boolean): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }
  decodeData(_data: DataBuffer, _endStream: boolean): FilterDataStatus {
    return FilterDataStatus.Continue;
  }
  decodeTrailers(): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }
  encodeHeaders(_headers: unknown, _endStream: boolean): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }
  encodeData(_data: DataBuffer, _endStream: boolean): FilterDataStatus {
    return FilterDataStatus.Continue;
  }
  encodeTrailers(): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }
  onDestroy(): void {
    this.destroyed = true;
  }
}

/** Holds each message until it is whole. */
class Buffering extends PassThrough {
  override decodeHeaders(_headers: unknown, endStream: boolean): FilterHeadersStatus {
    return endStream ? FilterHeadersStatus.Continue : FilterHeadersStatus.StopIteration;
  }
  override decodeData(_data: DataBuffer, endStream: boolean): FilterDataStatus {
    return endStream ? FilterDataStatus.Continue : FilterDataStatus.StopIterationAndBuffer;
  }
  override encodeHeaders(_headers: unknown, endStream: boolean): FilterHeadersStatus {
    return endStream ? FilterHeadersStatus.Continue : FilterHeadersStatus.StopIteration;
  }
  override encodeData(_data: DataBuffer, endStream: boolean): FilterDataStatus {
    return endStream ? FilterDataStatus.Continue : FilterDataStatus.StopIterationAndBuffer;
  }
}

/** Asks somebody else first, in both directions. */
class Asking extends PassThrough {
  override decodeHeaders(): FilterHeadersStatus {
    this.decoder.dispatcher.post(() => {
      if (!this.destroyed) this.decoder.continueDecoding();
    });
    return FilterHeadersStatus.StopAllIterationAndBuffer;
  }
  override encodeHeaders(): FilterHeadersStatus {
    this.encoder.dispatcher.post(() => {
      if (!this.destroyed) this.encoder.continueEncoding();
    });
    return FilterHeadersStatus.StopAllIterationAndWatermark;
  }
}

/** Passes bodies on by itself. */
class Injecting extends PassThrough {
  override decodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    this.decoder.injectDecodedDataToFilterChain(data, endStream);
    return FilterDataStatus.StopIterationNoBuffer;
  }
  override encodeData(data: DataBuffer, endStream: boolean): FilterDataStatus {
    this.encoder.injectEncodedDataToFilterChain(data, endStream);
    return FilterDataStatus.StopIterationNoBuffer;
  }
  override decodeTrailers(): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }
}

const making = (make: () => StreamFilter): HttpFilterInstances => ({
  createFilters: (callbacks) => callbacks.addStreamFilter(make()),
});

testHttpFilter({ name: "pass-through", create: () => making(() => new PassThrough()) });
testHttpFilter({ name: "buffering", create: () => making(() => new Buffering()) });
testHttpFilter({
  name: "asking",
  create: () => making(() => new Asking()),
  settle: (harness) => harness.runPosted(),
});
testHttpFilter({ name: "injecting", create: () => making(() => new Injecting()) });
