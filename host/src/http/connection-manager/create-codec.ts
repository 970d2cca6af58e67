import type { DataBuffer } from "../../contracts/buffer.ts";
import type { ServerConnection, ServerConnectionCallbacks } from "../../contracts/http/codec.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import { chooseProtocol } from "../codec/choose-protocol.ts";
import { Http1ServerConnection } from "../codec/http1/server-connection.ts";
import type { Http1CodecStats } from "../codec/http1/stats.ts";
import { Http2ServerConnection } from "../codec/http2/server-connection.ts";
import type { Http2CodecStats } from "../codec/http2/stats.ts";
import type { HcmConfig } from "./config.ts";

/** The counters of both codecs. */
export interface CodecStats {
  readonly http1: Http1CodecStats;
  readonly http2: () => Http2CodecStats;
}

/**
 * Makes the codec of a connection whose first bytes are `data`. Undefined: they may become the preface of HTTP/2,
 * or not; ask again when there are more.
 */
export function createCodec(
  connection: Connection,
  data: DataBuffer,
  callbacks: ServerConnectionCallbacks,
  config: HcmConfig,
  stats: CodecStats,
): ServerConnection | undefined {
  const protocol = protocolOf(connection, data, config.codecType);
  if (protocol === "UNDECIDED") return undefined;
  if (protocol === "HTTP1") {
    return new Http1ServerConnection(connection, callbacks, config.http1, stats.http1);
  }
  return new Http2ServerConnection(connection, callbacks, config.http2, stats.http2());
}

function protocolOf(
  connection: Connection,
  data: DataBuffer,
  codecType: HcmConfig["codecType"],
): "HTTP1" | "HTTP2" | "UNDECIDED" {
  if (codecType !== "AUTO") return codecType;
  if (connection.nextProtocol === "h2") return "HTTP2";
  if (connection.nextProtocol === "http/1.1") return "HTTP1";
  return chooseProtocol(data);
}
