import { validUtf8 } from "../../../common/protobuf/valid-utf8.ts";
import { ProtobufWriter } from "../../../common/protobuf/writer.ts";
import type { RateLimitDescriptor } from "../../../contracts/router/rate-limit.ts";

// Field numbers of `envoy.service.ratelimit.v3.RateLimitRequest` and what is in it.
const Request = { domain: 1, descriptors: 2, hitsAddend: 3 } as const;
const Descriptor = { entries: 1, limit: 2, hitsAddend: 3, isNegativeHits: 4 } as const;
const Entry = { key: 1, value: 2 } as const;
const Override = { requestsPerUnit: 1, unit: 2 } as const;
const UInt64Value = { value: 1 } as const;

/** What the service is asked. */
export interface RateLimitQuestion {
  readonly domain: string;
  readonly descriptors: readonly RateLimitDescriptor[];
  /** Of all descriptors that do not say; 0: the service's default, 1. */
  readonly hitsAddend: number;
}

/** The `RateLimitRequest`. */
export function encodeRateLimitRequest(question: RateLimitQuestion): Buffer {
  const writer = new ProtobufWriter();
  writer.text(Request.domain, question.domain);
  for (const descriptor of question.descriptors) writeDescriptor(writer, descriptor);
  if (question.hitsAddend > 0) writer.uint(Request.hitsAddend, question.hitsAddend);
  return writer.finish();
}

function writeDescriptor(writer: ProtobufWriter, descriptor: RateLimitDescriptor): void {
  const start = writer.begin(Request.descriptors);
  for (const { key, value } of descriptor.entries) {
    const entry = writer.begin(Descriptor.entries);
    writer.text(Entry.key, key);
    writer.byteText(Entry.value, validUtf8(value));
    writer.end(entry);
  }
  const { limit, hitsAddend } = descriptor;
  if (limit !== undefined) {
    const override = writer.begin(Descriptor.limit);
    writer.uint(Override.requestsPerUnit, limit.requestsPerUnit);
    writer.uint(Override.unit, limit.unit);
    writer.end(override);
  }
  if (hitsAddend !== undefined) {
    const hits = writer.begin(Descriptor.hitsAddend);
    writer.uint(UInt64Value.value, hitsAddend);
    writer.end(hits);
  }
  if (descriptor.isNegativeHits) writer.bool(Descriptor.isNegativeHits, true);
  writer.end(start);
}
