import { headerMapOf } from "../common/headers/header-map.ts";
import { StreamInfoImpl } from "../common/stream-info.ts";
import type { Address } from "../contracts/address.ts";
import type { TimeSource } from "../contracts/event.ts";
import type { HeaderMap } from "../contracts/headers.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";

type Entries = readonly (readonly [name: string, value: string])[];

/** A request that the proxy has answered by itself, as plain data: for loggers on another thread. */
export interface AccessRecord {
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  /** Milliseconds since the epoch: clocks of threads differ otherwise. */
  readonly startSystemMs: number;
  readonly durationMs: number;
  readonly protocol: string;
  readonly responseCode: number;
  readonly responseCodeDetails: string;
  readonly bytesReceived: number;
  readonly requestHeaders: Entries;
  readonly responseHeaders: Entries;
}

export function recordOf(info: StreamInfo): AccessRecord {
  return {
    local: info.downstreamLocalAddress,
    remote: info.downstreamDirectRemoteAddress,
    startSystemMs: info.startTimeSystemMs,
    durationMs: info.endTimeMs - info.startTimeMs,
    protocol: info.protocol,
    responseCode: info.responseCode,
    responseCodeDetails: info.responseCodeDetails,
    bytesReceived: info.bytesReceived,
    requestHeaders: entriesOf(info.requestHeaders),
    responseHeaders: entriesOf(info.responseHeaders),
  };
}

/** `time`: of the thread that logs. */
export function streamInfoOf(record: AccessRecord, time: TimeSource): StreamInfo {
  const info = new StreamInfoImpl(time, {
    downstreamLocalAddress: record.local,
    downstreamRemoteAddress: record.remote,
    downstreamDirectRemoteAddress: record.remote,
    connectionId: 0,
    filterChainName: "",
    requestedServerName: "",
  });
  info.startTimeMs -= info.startTimeSystemMs - record.startSystemMs;
  info.startTimeSystemMs = record.startSystemMs;
  info.lastRxByteMs = info.startTimeMs;
  info.endTimeMs = info.startTimeMs + record.durationMs;
  info.protocol = record.protocol;
  info.responseCode = record.responseCode;
  info.responseCodeDetails = record.responseCodeDetails;
  info.bytesReceived = record.bytesReceived;
  info.requestHeaders = headerMapOf(record.requestHeaders);
  info.responseHeaders = headerMapOf(record.responseHeaders);
  return info;
}

function entriesOf(headers: HeaderMap | undefined): Entries {
  const entries: [string, string][] = [];
  for (let i = 0; i < (headers?.size ?? 0); i += 1) {
    entries.push([headers!.nameAt(i), headers!.valueAt(i)]);
  }
  return entries;
}
