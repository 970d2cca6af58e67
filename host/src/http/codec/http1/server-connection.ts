import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  CodecError,
  Http1Settings,
  ServerConnection,
  ServerConnectionCallbacks,
  StreamResetReason,
} from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { Http1CodecStats } from "./stats.ts";

/** HTTP/1 towards a client. Skeleton: signatures are final, bodies follow. */
export class Http1ServerConnection implements ServerConnection {
  readonly protocol = "HTTP/1.1";
  constructor(
    _connection: Connection,
    _callbacks: ServerConnectionCallbacks,
    _settings: Http1Settings,
    _stats: Http1CodecStats,
  ) {}
  get closing(): boolean {
    return false;
  }
  dispatch(_data: DataBuffer): CodecError | undefined {
    throw new Error("not written yet");
  }
  onEndOfInput(): CodecError | undefined {
    return undefined;
  }
  goAway(): void {}
  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void {}
  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void {}
  onConnectionClosed(_reason: StreamResetReason, _details: string): void {}
}
