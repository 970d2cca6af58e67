import type { HeaderIdMask } from "../../contracts/headers.ts";

/**
 * Names that the proxy itself looks at, numbered, so that a lookup on the hot path is a bit test and a scan of
 * small integers. At most 62 of them; 0 means "not one of these". Pseudo headers come first.
 */
export const HeaderId = {
  Method: 1,
  Authority: 2,
  Path: 3,
  Scheme: 4,
  Status: 5,
  Protocol: 6,
  Connection: 7,
  ContentLength: 8,
  ContentType: 9,
  TransferEncoding: 10,
  KeepAlive: 11,
  ProxyConnection: 12,
  Te: 13,
  Upgrade: 14,
  Expect: 15,
  Date: 16,
  Server: 17,
  Via: 18,
  Referer: 19,
  UserAgent: 20,
  Location: 21,
  Cookie: 22,
  GrpcStatus: 23,
  GrpcMessage: 24,
  XForwardedFor: 25,
  XForwardedProto: 26,
  XForwardedHost: 27,
  XForwardedPort: 28,
  XForwardedClientCert: 29,
  XRequestId: 30,
  XClientTraceId: 31,
  XEnvoyInternal: 32,
  XEnvoyExternalAddress: 33,
  XEnvoyOriginalPath: 34,
  XEnvoyOriginalHost: 35,
  XEnvoyUpstreamServiceTime: 36,
  XEnvoyExpectedRqTimeoutMs: 37,
  XEnvoyAttemptCount: 38,
  XEnvoyOverloaded: 39,
  XEnvoyRatelimited: 40,
  XEnvoyRetryOn: 41,
  XEnvoyRetryGrpcOn: 42,
  XEnvoyMaxRetries: 43,
  XEnvoyRetriableStatusCodes: 44,
  XEnvoyRetriableHeaderNames: 45,
  XEnvoyUpstreamAltStatName: 46,
  XEnvoyUpstreamRqTimeoutMs: 47,
  XEnvoyUpstreamRqPerTryTimeoutMs: 48,
  XEnvoyUpstreamRqTimeoutAltResponse: 49,
  XEnvoyForceTrace: 50,
  XEnvoyIpTags: 51,
  XEnvoyOriginalUrl: 52,
  XEnvoyHedgeOnPerTryTimeout: 53,
  XEnvoyDecoratorOperation: 54,
  XEnvoyDownstreamServiceCluster: 55,
  XEnvoyDownstreamServiceNode: 56,
  XEnvoyUpstreamCanary: 57,
  XEnvoyNotForwarded: 58,
  XEnvoyIsTimeoutRetry: 59,
  Accept: 60,
  AcceptEncoding: 61,
  Trailer: 62,
} as const;
export type HeaderId = (typeof HeaderId)[keyof typeof HeaderId];

const pseudo = new Set(["Method", "Authority", "Path", "Scheme", "Status", "Protocol"]);
const names: string[] = [""];
for (const [key, id] of Object.entries(HeaderId)) {
  const dashed = key.replaceAll(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  names[id] = pseudo.has(key) ? `:${dashed}` : dashed;
}
const idByName = new Map(names.map((name, id) => [name, id]));
idByName.delete("");

/** Numbers run from 1 to one below this. */
export const wellKnownCount = names.length;

/** The lower-case name of a number. */
export function headerName(id: number): string {
  return names[id]!;
}

/** The number of a lower-case name; 0 when it has none. */
export function headerIdOf(name: string): number {
  return idByName.get(name) ?? 0;
}

/** A set of numbers, to ask a map for any of them at once. */
export function idMask(...ids: readonly number[]): HeaderIdMask {
  let low = 0;
  let high = 0;
  for (const id of ids) {
    if (id < 32) low |= 1 << id;
    else high |= 1 << (id - 32);
  }
  return { low, high };
}

// Open addressing over (length, first, middle and last character): enough to keep the table collision-poor, and
// cheap to take from bytes. Candidates are compared byte by byte.
const tableSize = 256;
const table = new Uint8Array(tableSize);
const nameBytes = names.map((name) => Buffer.from(name, "latin1"));

function slotOf(length: number, first: number, middle: number, last: number): number {
  return (length * 31 + first * 7 + middle * 13 + last * 3) & (tableSize - 1);
}

for (let id = 1; id < names.length; id += 1) {
  const bytes = nameBytes[id]!;
  const n = bytes.length;
  let slot = slotOf(n, bytes[0]!, bytes[n >> 1]!, bytes[n - 1]!);
  while (table[slot] !== 0) slot = (slot + 1) & (tableSize - 1);
  table[slot] = id;
}

/** The number of the name at `[start, end)`, in any case of letters; 0 when it has none. */
export function headerIdOfBytes(bytes: Uint8Array, start: number, end: number): number {
  const n = end - start;
  if (n === 0) return 0;
  // `| 32` maps A-Z to a-z and leaves `-` and digits alone; other characters only miss.
  let slot = slotOf(n, bytes[start]! | 32, bytes[start + (n >> 1)]! | 32, bytes[end - 1]! | 32);
  for (;;) {
    const id = table[slot]!;
    if (id === 0) return 0;
    if (equalsIgnoringCase(nameBytes[id]!, bytes, start, n)) return id;
    slot = (slot + 1) & (tableSize - 1);
  }
}

function equalsIgnoringCase(name: Buffer, bytes: Uint8Array, start: number, n: number): boolean {
  if (name.length !== n) return false;
  for (let i = 0; i < n; i += 1) {
    const c = bytes[start + i]!;
    if (name[i] !== (c >= 65 && c <= 90 ? c | 32 : c)) return false;
  }
  return true;
}
