import {
  proxy_close_stream,
  proxy_continue_stream,
  sluice_take_first_bytes,
  sluice_want_first_bytes,
} from "../env";
import { STREAM_DOWNSTREAM } from "../../../abi/src/numbers/stream-type";
import { Body } from "../hostcall/body";
import { Status, StreamStatus } from "../status";
import { Stream } from "./stream";

/**
 * One accepted socket, before there is a connection and before a filter chain is chosen. `Plugin.createListenerFilter`
 * makes one for each. `Continue` is: done with the socket. Sluice only.
 */
export class ListenerFilter extends Stream {
  onAccept(): StreamStatus {
    return StreamStatus.Continue;
  }

  /** All first bytes that are there, of those wanted. They cannot be changed. */
  onFirstBytes(_bytes: Body): StreamStatus {
    return StreamStatus.Continue;
  }

  /** Shows up to `size` bytes (1 to 65,536) from the next wait on. */
  wantFirstBytes(size: u32): Status {
    return sluice_want_first_bytes(size);
  }

  /** Only in `onFirstBytes`: nobody behind this filter sees the first `size` bytes. */
  takeFirstBytes(size: u32): Status {
    return sluice_take_first_bytes(size);
  }

  /** Done with the socket, where a callback waited. */
  accept(): Status {
    return proxy_continue_stream(STREAM_DOWNSTREAM);
  }

  /** Closes the socket. */
  reject(): Status {
    return proxy_close_stream(STREAM_DOWNSTREAM);
  }
}
