import {
  STREAM_DOWNSTREAM,
  STREAM_HTTP_REQUEST,
  STREAM_HTTP_RESPONSE,
  STREAM_UPSTREAM,
} from "../../../abi/src/numbers/stream-type";
import { proxy_close_stream, proxy_continue_stream } from "../env";
import { Status } from "../status";

/** Goes on with a request that a callback stopped. */
export function continueRequest(): Status {
  return proxy_continue_stream(STREAM_HTTP_REQUEST);
}

/** Goes on with a response that a callback stopped. */
export function continueResponse(): Status {
  return proxy_continue_stream(STREAM_HTTP_RESPONSE);
}

/** Resets the HTTP stream from the request's side. */
export function closeRequest(): Status {
  return proxy_close_stream(STREAM_HTTP_REQUEST);
}

/** Resets the HTTP stream from the response's side. */
export function closeResponse(): Status {
  return proxy_close_stream(STREAM_HTTP_RESPONSE);
}

/** Hands on what the client has sent and a callback held; of an accepted socket: done with it. */
export function continueDownstream(): Status {
  return proxy_continue_stream(STREAM_DOWNSTREAM);
}

/** Closes the client's connection when what was written to it has left. */
export function closeDownstream(): Status {
  return proxy_close_stream(STREAM_DOWNSTREAM);
}

/** The same, asked for from the upstream's side. */
export function closeUpstream(): Status {
  return proxy_close_stream(STREAM_UPSTREAM);
}
