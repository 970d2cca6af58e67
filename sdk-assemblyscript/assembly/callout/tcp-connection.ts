import { sluice_tcp_close, sluice_tcp_connect, sluice_tcp_write } from "../env";
import { NetworkFilter } from "../filter/network-filter";
import { Body } from "../hostcall/body";
import { outWord } from "../memory/allocator";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { bytesOf } from "../memory/utf8";
import { CloseType, Status, StreamStatus } from "../status";

/** What happens to an opened connection. */
export class TcpHandler {
  onConnected(_connection: TcpConnection): void {}

  /** From the host. `Continue`: used up; else what is left is shown again with the next. */
  onData(_connection: TcpConnection, _data: Body, _endOfStream: bool): StreamStatus {
    return StreamStatus.Continue;
  }

  /** It is over. */
  onClose(_connection: TcpConnection, _who: CloseType): void {}
}

/** A connection that a network filter has opened to a cluster; it ends with the client's at the latest. Sluice only. */
export class TcpConnection {
  constructor(
    /**
     * Of the last method; of `connect`: `BadArgument` when there is no such cluster, `InternalFailure` when none of its
     * hosts can be used or 64 connections are open. Then the handler hears nothing.
     */
    public status: Status,
    readonly id: u32,
    readonly handler: TcpHandler,
  ) {}

  /** What is written before it is connected waits. */
  static connect(filter: NetworkFilter, cluster: string, handler: TcpHandler): TcpConnection {
    encodeFirst(changetype<usize>(cluster));
    const status: Status = sluice_tcp_connect(firstPointer, firstSize, outWord);
    releaseTexts();
    const id: u32 = status == Status.Ok ? load<u32>(outWord) : 0;
    const connection = new TcpConnection(status, id, handler);
    if (status != Status.Ok) return connection;
    let opened = filter.opened;
    if (opened === null) {
      opened = new Map<u32, TcpConnection>();
      filter.opened = opened;
    }
    opened.set(id, connection);
    return connection;
  }

  write(bytes: ArrayBuffer, endOfStream: bool = false): Status {
    this.status = sluice_tcp_write(
      this.id,
      changetype<usize>(bytes),
      bytes.byteLength,
      endOfStream ? 1 : 0,
    );
    return this.status;
  }

  writeText(text: string, endOfStream: bool = false): Status {
    return this.write(bytesOf(text), endOfStream);
  }

  /** Closes it when what was written has left. */
  close(): Status {
    this.status = sluice_tcp_close(this.id);
    return this.status;
  }
}

/** Null when the filter does not know it any more. */
export function openedConnection(filter: NetworkFilter, id: u32): TcpConnection | null {
  const opened = filter.opened;
  return opened !== null && opened.has(id) ? opened.get(id) : null;
}
