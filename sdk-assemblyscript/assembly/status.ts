import { CLOSE_LOCAL, CLOSE_REMOTE, CLOSE_UNKNOWN } from "../../abi/src/numbers/close-type";
import {
  STATUS_BAD_ARGUMENT,
  STATUS_BAD_EXPRESSION,
  STATUS_BROKEN_CONNECTION,
  STATUS_CAS_MISMATCH,
  STATUS_EMPTY,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
  STATUS_PARSE_FAILURE,
  STATUS_RESULT_MISMATCH,
  STATUS_SERIALIZATION_FAILURE,
  STATUS_UNIMPLEMENTED,
} from "../../abi/src/numbers/status";
import {
  DATA_CONTINUE,
  DATA_STOP_ITERATION_AND_BUFFER,
  DATA_STOP_ITERATION_AND_WATERMARK,
  DATA_STOP_ITERATION_NO_BUFFER,
  HEADERS_CONTINUE,
  HEADERS_STOP_ALL_ITERATION_AND_BUFFER,
  HEADERS_STOP_ALL_ITERATION_AND_WATERMARK,
  HEADERS_STOP_ITERATION,
  TRAILERS_CONTINUE,
  TRAILERS_STOP_ITERATION,
} from "../../abi/src/numbers/action";

/** Result of a host call. */
export enum Status {
  Ok = STATUS_OK,
  /** There is no such thing: no header of that name, no such buffer now. */
  NotFound = STATUS_NOT_FOUND,
  /** Not possible now or not valid, e.g. response headers while the request is handled. */
  BadArgument = STATUS_BAD_ARGUMENT,
  /** The property is an object as a whole, or a message that is not set. */
  SerializationFailure = STATUS_SERIALIZATION_FAILURE,
  ParseFailure = STATUS_PARSE_FAILURE,
  BadExpression = STATUS_BAD_EXPRESSION,
  InvalidMemoryAccess = STATUS_INVALID_MEMORY_ACCESS,
  /** Nothing is in the queue. */
  Empty = STATUS_EMPTY,
  /** Somebody else has written the value since it was read. */
  CasMismatch = STATUS_CAS_MISMATCH,
  ResultMismatch = STATUS_RESULT_MISMATCH,
  InternalFailure = STATUS_INTERNAL_FAILURE,
  BrokenConnection = STATUS_BROKEN_CONNECTION,
  /** This host does not do it. */
  Unimplemented = STATUS_UNIMPLEMENTED,
}

/** What happens after `onRequestHeaders` and `onResponseHeaders`. */
export enum HeadersStatus {
  /** On to the next filter. */
  Continue = HEADERS_CONTINUE,
  /** Hold headers, body and trailers until `continueRequest()` or `continueResponse()`. */
  StopIteration = HEADERS_STOP_ITERATION,
  /** As StopIteration; a body beyond the buffer limit is answered 413 (request) or 500 (response). */
  StopAllIterationAndBuffer = HEADERS_STOP_ALL_ITERATION_AND_BUFFER,
  /** As StopIteration; at the buffer limit the sender is paused. */
  StopAllIterationAndWatermark = HEADERS_STOP_ALL_ITERATION_AND_WATERMARK,
}

/** What happens after `onRequestBody` and `onResponseBody`. */
export enum DataStatus {
  /** What the body holds now goes on to the next filter. */
  Continue = DATA_CONTINUE,
  /** Keep it; the next call sees all that was kept and what is new. */
  StopIterationAndBuffer = DATA_STOP_ITERATION_AND_BUFFER,
  /** Keep it; at the buffer limit the sender is paused. */
  StopIterationAndWatermark = DATA_STOP_ITERATION_AND_WATERMARK,
  /** Drop it. */
  StopIterationNoBuffer = DATA_STOP_ITERATION_NO_BUFFER,
}

/** What happens after `onRequestTrailers` and `onResponseTrailers`. */
export enum TrailersStatus {
  /** On to the next filter. */
  Continue = TRAILERS_CONTINUE,
  /** Hold them until `continueRequest()` or `continueResponse()`. */
  StopIteration = TRAILERS_STOP_ITERATION,
}

/** What happens after the callbacks of a connection and of an accepted socket. */
export enum StreamStatus {
  /** On to the next filter, with what is left of the data. */
  Continue = 0,
  /** Hold it: the next call sees all that is held and what is new. */
  StopIteration = 1,
}

/** Who ended a connection. */
export enum CloseType {
  /** Not known; of an opened connection: it was never connected. */
  Unknown = CLOSE_UNKNOWN,
  /** This side. */
  Local = CLOSE_LOCAL,
  /** The peer. */
  Remote = CLOSE_REMOTE,
}
