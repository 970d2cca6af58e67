import type { DataBuffer } from "../../../contracts/buffer.ts";
import type {
  ClientConnectionCodec,
  CodecError,
  Http1Settings,
  RequestEncoder,
  ResponseDecoder,
  StreamResetReason,
} from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { Http1CodecStats } from "./stats.ts";

/** What the owner of a client connection (the pool) is told. */
export interface Http1ClientCallbacks {
  /**
   * The response has ended and its decoder has been told so. With `closing` false the connection can take the
   * next request; else close it. Called from inside `dispatch` or `onEndOfInput`; not after a reset.
   */
  onIdle(): void;
}

/** HTTP/1 towards an upstream host. Skeleton: signatures are final, bodies follow. */
export class Http1ClientConnection implements ClientConnectionCodec {
  readonly protocol = "HTTP/1.1";
  constructor(
    _connection: Connection,
    _settings: Http1Settings,
    _stats: Http1CodecStats,
    _callbacks: Http1ClientCallbacks,
  ) {}
  get closing(): boolean {
    return false;
  }
  get activeStreams(): number {
    return 0;
  }
  newStream(_decoder: ResponseDecoder): RequestEncoder {
    throw new Error("not written yet");
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
