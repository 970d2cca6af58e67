import type { GrpcRetryConfig, GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import { literalValue, noFormats } from "../../../grpc/metadata-value.ts";
import { retryBaseMs, retryMaxFactor, retryStatuses } from "../../../grpc/retry-on.ts";
import { bytesField, numberField, type ProtoField, readProto } from "./foreign/proto-fields.ts";

// envoy.config.core.v3.GrpcService, as guests hand it over.

/** Field numbers. */
const fields = { envoyGrpc: 1, googleGrpc: 2, initialMetadata: 5, retryPolicy: 6 } as const;
const envoyGrpc = {
  cluster: 1,
  authority: 2,
  retryPolicy: 3,
  maxMessage: 4,
  skipEnvoyHeaders: 5,
} as const;
const headerValue = { key: 1, value: 2, rawValue: 3 } as const;
const retryPolicy = { backOff: 1, retries: 2, on: 3 } as const;

/** A service that is called in the cluster `name`, and nothing else said of it. */
export function serviceOfCluster(name: string): GrpcServiceConfig {
  return {
    cluster: name,
    authority: "",
    timeoutMs: 0,
    messageMax: 0,
    metadata: [],
    envoyHeaders: true,
    retry: undefined,
  };
}

/**
 * The service that an encoded `GrpcService` names. Undefined: `bytes` is no such message, or names none; a text: why it
 * cannot be called.
 */
export function readGrpcService(bytes: Uint8Array): GrpcServiceConfig | string | undefined {
  try {
    return serviceOf(read(bytes));
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

class MalformedMessage extends Error {}

/** The fields of a message within; throws MalformedMessage. */
function read(bytes: Uint8Array): readonly ProtoField[] {
  const found = readProto(bytes);
  if (found === undefined) throw new MalformedMessage();
  return found;
}

function text(message: readonly ProtoField[], number: number): string {
  const bytes = Buffer.from(bytesField(message, number));
  const decoded = bytes.toString("utf8");
  if (!Buffer.from(decoded, "utf8").equals(bytes)) throw new MalformedMessage();
  return decoded;
}

/** The value of a `UInt32Value`; undefined when it is not there. */
function wrapped(message: readonly ProtoField[], number: number): number | undefined {
  if (!has(message, number)) return undefined;
  return numberField(read(bytesField(message, number)), 1);
}

function has(message: readonly ProtoField[], number: number): boolean {
  return message.some((field) => field.number === number && field.value instanceof Uint8Array);
}

function serviceOf(message: readonly ProtoField[]): GrpcServiceConfig | string | undefined {
  const target = message.findLast(
    ({ number, value }) =>
      (number === fields.envoyGrpc || number === fields.googleGrpc) && value instanceof Uint8Array,
  );
  if (target === undefined) return undefined;
  if (target.number === fields.googleGrpc) {
    return "google_grpc is not supported; name a cluster that speaks HTTP/2 in envoy_grpc";
  }
  const grpc = read(target.value as Uint8Array);
  if (has(grpc, envoyGrpc.retryPolicy)) {
    return "retry_policy of envoy_grpc is not supported; use retry_policy of GrpcService";
  }
  const retry = retryOf(message);
  if (typeof retry === "string") return retry;
  const metadata = metadataOf(message);
  if (metadata === undefined) return noFormats;
  return {
    cluster: text(grpc, envoyGrpc.cluster),
    authority: text(grpc, envoyGrpc.authority),
    timeoutMs: 0,
    messageMax: wrapped(grpc, envoyGrpc.maxMessage) ?? 0,
    metadata,
    envoyHeaders: numberField(grpc, envoyGrpc.skipEnvoyHeaders) === 0,
    retry,
  };
}

/** Undefined: one of the values is a format. */
function metadataOf(message: readonly ProtoField[]): [name: string, value: string][] | undefined {
  const entries: [name: string, value: string][] = [];
  for (const { number, value: encoded } of message) {
    if (number !== fields.initialMetadata || !(encoded instanceof Uint8Array)) continue;
    const header = read(encoded);
    const raw = bytesField(header, headerValue.rawValue);
    const plain = Buffer.from(bytesField(header, headerValue.value)).toString("latin1");
    const value = raw.length > 0 ? Buffer.from(raw).toString("latin1") : literalValue(plain);
    if (value === undefined) return undefined;
    entries.push([text(header, headerValue.key), value]);
  }
  return entries;
}

function retryOf(message: readonly ProtoField[]): GrpcRetryConfig | string | undefined {
  if (!has(message, fields.retryPolicy)) return undefined;
  const policy = read(bytesField(message, fields.retryPolicy));
  const statuses = retryStatuses(text(policy, retryPolicy.on));
  if (typeof statuses === "string") return `retry_on: ${statuses}`;
  const backOff = read(bytesField(policy, retryPolicy.backOff));
  const baseMs = millisecondsOf(backOff, 1) || retryBaseMs;
  const maxMs = millisecondsOf(backOff, 2) || retryMaxFactor * baseMs;
  return { statuses, retries: wrapped(policy, retryPolicy.retries) ?? 1, baseMs, maxMs };
}

/** Of a `Duration`; 0 when it is not there. */
function millisecondsOf(message: readonly ProtoField[], number: number): number {
  const duration = read(bytesField(message, number));
  return Math.round(numberField(duration, 1) * 1000 + numberField(duration, 2) / 1e6);
}
