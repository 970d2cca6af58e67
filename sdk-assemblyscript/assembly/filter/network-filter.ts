import { TcpConnection } from "../callout/tcp-connection";
import { proxy_close_stream, sluice_tcp_write } from "../env";
import { Body } from "../hostcall/body";
import { CloseType, Status, StreamStatus } from "../status";
import { STREAM_DOWNSTREAM } from "../../../abi/src/numbers/stream-type";
import { Stream } from "./stream";

/**
 * One connection. `Plugin.createNetworkFilter` makes one for each. The bytes given to a callback can be read and
 * changed in it, and after it as long as they are held.
 */
export class NetworkFilter extends Stream {
  /** Connections that it has opened, by their numbers. */
  opened: Map<u32, TcpConnection> | null = null;

  /** Before the first byte. */
  onNewConnection(): StreamStatus {
    return StreamStatus.Continue;
  }

  /** From the client. */
  onDownstreamData(_data: Body, _endOfStream: bool): StreamStatus {
    return StreamStatus.Continue;
  }

  /** To the client. */
  onUpstreamData(_data: Body, _endOfStream: bool): StreamStatus {
    return StreamStatus.Continue;
  }

  /** The connection is over. */
  onDownstreamClose(_who: CloseType): void {}

  /** The upstream has ended its side. */
  onUpstreamClose(): void {}

  /** Sends bytes to the client, past the filters behind this one. Sluice only. */
  writeToClient(bytes: ArrayBuffer, endOfStream: bool = false): Status {
    return sluice_tcp_write(0, changetype<usize>(bytes), bytes.byteLength, endOfStream ? 1 : 0);
  }

  /** Closes the client's connection when what was written to it has left. */
  close(): Status {
    return proxy_close_stream(STREAM_DOWNSTREAM);
  }
}
