import {
  DATA_CONTINUE,
  DATA_STOP_ITERATION_AND_BUFFER,
  DATA_STOP_ITERATION_AND_WATERMARK,
  HEADERS_CONTINUE,
  HEADERS_CONTINUE_AND_END_STREAM,
  HEADERS_STOP_ALL_ITERATION_AND_BUFFER,
  HEADERS_STOP_ITERATION,
  TRAILERS_CONTINUE,
} from "@sluice/abi";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
} from "../../../contracts/http/filter.ts";

// What the guest returned, as Envoy reads it. Numbers without a meaning stop.

/** `allowStopIteration`: StopIteration holds the headers only; else it stops body and trailers too. */
export function headersStatus(result: number, allowStopIteration: boolean): FilterHeadersStatus {
  switch (result) {
    case HEADERS_CONTINUE:
    case HEADERS_CONTINUE_AND_END_STREAM:
      return FilterHeadersStatus.Continue;
    case HEADERS_STOP_ITERATION:
      return allowStopIteration
        ? FilterHeadersStatus.StopIteration
        : FilterHeadersStatus.StopAllIterationAndWatermark;
    case HEADERS_STOP_ALL_ITERATION_AND_BUFFER:
      return FilterHeadersStatus.StopAllIterationAndBuffer;
    default:
      return FilterHeadersStatus.StopAllIterationAndWatermark;
  }
}

export function dataStatus(result: number): FilterDataStatus {
  switch (result) {
    case DATA_CONTINUE:
      return FilterDataStatus.Continue;
    case DATA_STOP_ITERATION_AND_BUFFER:
      return FilterDataStatus.StopIterationAndBuffer;
    case DATA_STOP_ITERATION_AND_WATERMARK:
      return FilterDataStatus.StopIterationAndWatermark;
    default:
      return FilterDataStatus.StopIterationNoBuffer;
  }
}

export function trailersStatus(result: number): FilterTrailersStatus {
  return result === TRAILERS_CONTINUE
    ? FilterTrailersStatus.Continue
    : FilterTrailersStatus.StopIteration;
}
