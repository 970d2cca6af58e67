import { type ProtobufReader, readProtobuf } from "../../../common/protobuf/reader.ts";
import { readStruct } from "../../../common/protobuf/struct.ts";
import type { JsonValue } from "../../../contracts/stream-info.ts";

// Field numbers of `envoy.service.ratelimit.v3.RateLimitResponse` and what is in it.
const Response = {
  overallCode: 1,
  statuses: 2,
  responseHeaders: 3,
  requestHeaders: 4,
  rawBody: 5,
  dynamicMetadata: 6,
} as const;
const overLimit = 2;
const Status = { currentLimit: 2, limitRemaining: 3, durationUntilReset: 4 } as const;
const Limit = { requestsPerUnit: 1, unit: 2, name: 3, unitMultiplier: 4 } as const;
const Duration = { seconds: 1 } as const;
const UInt32Value = { value: 1 } as const;
const HeaderValue = { key: 1, value: 2, rawValue: 3 } as const;

/** Names in lower case, values as bytes, one per character. */
export type HeaderPair = readonly [name: string, value: string];

/** What the service said, or (`error`) that it could not be asked. */
export interface RateLimitAnswer {
  readonly code: "ok" | "over_limit" | "error";
  readonly statuses: readonly DescriptorStatus[];
  readonly responseHeaders: readonly HeaderPair[];
  readonly requestHeaders: readonly HeaderPair[];
  /** Bytes, one per character. */
  readonly body: string;
  readonly dynamicMetadata: { readonly [key: string]: JsonValue } | undefined;
}

/** Of one descriptor. */
export interface DescriptorStatus {
  /** Undefined: the service has none for it. */
  readonly limit: CurrentLimit | undefined;
  readonly remaining: number;
  readonly secondsUntilReset: number;
}

export interface CurrentLimit {
  /** May be empty. */
  readonly name: string;
  readonly requestsPerUnit: number;
  /** 0: unknown. */
  readonly windowSeconds: number;
}

export const errorAnswer: RateLimitAnswer = {
  code: "error",
  statuses: [],
  responseHeaders: [],
  requestHeaders: [],
  body: "",
  dynamicMetadata: undefined,
};

/** What is no message is an error. */
export function decodeRateLimitResponse(bytes: Buffer): RateLimitAnswer {
  const read = readProtobuf(bytes, readResponse);
  return read.ok ? read.value : errorAnswer;
}

function readResponse(reader: ProtobufReader): RateLimitAnswer {
  let code: RateLimitAnswer["code"] = "ok";
  const statuses: DescriptorStatus[] = [];
  const responseHeaders: HeaderPair[] = [];
  const requestHeaders: HeaderPair[] = [];
  let body = "";
  let dynamicMetadata: RateLimitAnswer["dynamicMetadata"];
  while (reader.next()) {
    switch (reader.field) {
      case Response.overallCode:
        code = reader.uint() === overLimit ? "over_limit" : "ok";
        break;
      case Response.statuses:
        statuses.push(readStatus(reader.message()));
        break;
      case Response.responseHeaders:
        responseHeaders.push(readHeader(reader.message()));
        break;
      case Response.requestHeaders:
        requestHeaders.push(readHeader(reader.message()));
        break;
      case Response.rawBody:
        body = reader.byteText();
        break;
      case Response.dynamicMetadata:
        dynamicMetadata = readStruct(reader.message());
        break;
    }
  }
  return { code, statuses, responseHeaders, requestHeaders, body, dynamicMetadata };
}

function readStatus(reader: ProtobufReader): DescriptorStatus {
  let limit: CurrentLimit | undefined;
  let remaining = 0;
  let secondsUntilReset = 0;
  while (reader.next()) {
    if (reader.field === Status.currentLimit) limit = readLimit(reader.message());
    else if (reader.field === Status.limitRemaining) remaining = reader.uint();
    else if (reader.field === Status.durationUntilReset) {
      secondsUntilReset = readNumber(reader.message(), Duration.seconds);
    }
  }
  return { limit, remaining, secondsUntilReset };
}

/** Seconds, by the numbers of `RateLimit.Unit`: unknown, second, minute, hour, day, month, year, week. */
const windows = [0, 1, 60, 3600, 86_400, 2_592_000, 31_536_000, 604_800];

function readLimit(reader: ProtobufReader): CurrentLimit {
  let name = "";
  let requestsPerUnit = 0;
  let unit = 0;
  let multiplier = 1;
  while (reader.next()) {
    if (reader.field === Limit.name) name = reader.byteText();
    else if (reader.field === Limit.requestsPerUnit) requestsPerUnit = reader.uint();
    else if (reader.field === Limit.unit) unit = reader.uint();
    else if (reader.field === Limit.unitMultiplier) {
      multiplier = readNumber(reader.message(), UInt32Value.value);
    }
  }
  const windowSeconds = (windows[unit] ?? 0) * Math.max(multiplier, 1);
  return { name, requestsPerUnit, windowSeconds };
}

function readNumber(reader: ProtobufReader, field: number): number {
  let value = 0;
  while (reader.next()) if (reader.field === field) value = reader.int();
  return value;
}

function readHeader(reader: ProtobufReader): HeaderPair {
  let key = "";
  let value = "";
  let rawValue = "";
  while (reader.next()) {
    if (reader.field === HeaderValue.key) key = reader.byteText();
    else if (reader.field === HeaderValue.value) value = reader.byteText();
    else if (reader.field === HeaderValue.rawValue) rawValue = reader.byteText();
  }
  return [key.toLowerCase(), rawValue === "" ? value : rawValue];
}
