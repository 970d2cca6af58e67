import { STREAM_HTTP_REQUEST, STREAM_HTTP_RESPONSE } from "../../../abi/src/numbers/stream-type";
import { proxy_continue_stream } from "../env";
import { Status } from "../status";

/** Goes on with a request that a callback stopped. */
export function continueRequest(): Status {
  return proxy_continue_stream(STREAM_HTTP_REQUEST);
}

/** Goes on with a response that a callback stopped. */
export function continueResponse(): Status {
  return proxy_continue_stream(STREAM_HTTP_RESPONSE);
}
