import type { IncomingMessage, ServerResponse } from "node:http";
import { ipAddress } from "../../common/address.ts";
import { headerMapOf } from "../../common/headers/header-map.ts";
import { StreamInfoImpl } from "../../common/stream-info.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** Writes one request to the admin interface's access logs. */
export function logAdminAccess(
  deps: AdminDeps,
  request: IncomingMessage,
  response: ServerResponse,
  startMs: number,
): void {
  const { socket } = request;
  const remote = ipAddress(socket.remoteAddress, socket.remotePort);
  const info = new StreamInfoImpl(deps.time, {
    downstreamLocalAddress: ipAddress(socket.localAddress, socket.localPort) ?? deps.address,
    downstreamRemoteAddress: remote,
    downstreamDirectRemoteAddress: remote,
    connectionId: 0,
    filterChainName: "",
    requestedServerName: "",
  });
  info.endTimeMs = info.startTimeMs;
  info.startTimeSystemMs -= info.startTimeMs - startMs;
  info.startTimeMs = startMs;
  info.lastRxByteMs = startMs;
  info.protocol = `HTTP/${request.httpVersion}`;
  info.responseCode = response.statusCode;
  info.responseCodeDetails = "admin_filter_response";
  info.bytesReceived = Number(request.headers["content-length"] ?? 0);
  info.requestHeaders = requestHeaders(request);
  info.responseHeaders = headerMapOf([[":status", String(response.statusCode)]]);
  for (const log of deps.accessLogs) log.log(info, "DownstreamEnd");
}

function requestHeaders(request: IncomingMessage): ReturnType<typeof headerMapOf> {
  const entries: [string, string][] = [
    [":method", request.method ?? ""],
    [":authority", request.headers.host ?? ""],
    [":path", request.url ?? ""],
  ];
  const raw = request.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (name !== "host") entries.push([name, raw[i + 1]!]);
  }
  return headerMapOf(entries);
}
