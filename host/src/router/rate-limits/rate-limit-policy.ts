import type {
  RateLimitDescriptor,
  RateLimitedRequest,
  RateLimitEntry,
  RateLimitOverride,
  RateLimitPolicy,
} from "../../contracts/router/rate-limit.ts";
import { compileFormat, type Formatter } from "../../formatter/formatter.ts";
import {
  createRateLimitAction,
  dynamicMetadataValue,
  type RateLimitAction,
} from "./rate-limit-actions.ts";
import type { MetadataKeyConfig, RateLimitConfig } from "./rate-limit-config.ts";

/** Numbers of `envoy.type.v3.RateLimitUnit`, as metadata names them. */
const units = ["UNKNOWN", "SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"];

/** Undefined for an empty list. */
export function rateLimitPolicy(configs: readonly RateLimitConfig[]): RateLimitPolicy | undefined {
  return configs.length === 0 ? undefined : new RateLimitPolicyImpl(configs);
}

/** A list of `rate_limits` made ready for requests. */
class RateLimitPolicyImpl implements RateLimitPolicy {
  readonly #limits: readonly Limit[];

  constructor(configs: readonly RateLimitConfig[]) {
    this.#limits = configs.map((config) => new Limit(config));
  }

  descriptors(
    stage: number,
    onStreamDone: boolean,
    request: RateLimitedRequest,
  ): RateLimitDescriptor[] {
    const descriptors: RateLimitDescriptor[] = [];
    for (const limit of this.#limits) {
      if (limit.stage !== stage || limit.onStreamDone !== onStreamDone) continue;
      const descriptor = limit.descriptor(request);
      if (descriptor !== undefined) descriptors.push(descriptor);
    }
    return descriptors;
  }
}

/** One `RateLimit`. */
class Limit {
  readonly stage: number;
  readonly onStreamDone: boolean;
  readonly #actions: readonly RateLimitAction[];
  readonly #fixed: RateLimitOverride | undefined;
  readonly #limitKey: MetadataKeyConfig | undefined;
  readonly #hits: number | Formatter | undefined;
  readonly #isNegativeHits: boolean;

  constructor({ stage, applyOnStreamDone, actions, limit, hitsAddend }: RateLimitConfig) {
    this.stage = stage;
    this.onStreamDone = applyOnStreamDone;
    this.#actions = actions.map(createRateLimitAction);
    this.#fixed = limit?.kind === "fixed" ? limit.limit : undefined;
    this.#limitKey = limit?.kind === "metadata" ? limit.key : undefined;
    this.#hits = hitsAddend && hitsOf(hitsAddend.hits);
    this.#isNegativeHits = hitsAddend?.isNegative ?? false;
  }

  /** Undefined when something is missing that must be there. */
  descriptor(request: RateLimitedRequest): RateLimitDescriptor | undefined {
    const entries: RateLimitEntry[] = [];
    for (const action of this.#actions) {
      const text = action.value(request);
      if (text === undefined) return undefined;
      if (text !== null) entries.push({ key: action.key, value: text });
    }
    const hitsAddend = this.#hitsAddend(request);
    if (Number.isNaN(hitsAddend)) return undefined;
    const limit = this.#fixed ?? this.#limitFromMetadata(request);
    return { entries, limit, hitsAddend, isNegativeHits: this.#isNegativeHits };
  }

  #hitsAddend({ streamInfo }: RateLimitedRequest): number | undefined {
    const hits = this.#hits;
    if (hits === undefined || typeof hits === "number") return hits;
    const text = hits.format(streamInfo);
    return /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  }

  #limitFromMetadata(request: RateLimitedRequest): RateLimitOverride | undefined {
    if (this.#limitKey === undefined) return undefined;
    const value = dynamicMetadataValue(request, this.#limitKey);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const { requests_per_unit: requestsPerUnit, unit: name } = value;
    const unit = typeof name === "string" ? units.indexOf(name) : -1;
    if (typeof requestsPerUnit !== "number" || requestsPerUnit < 0 || unit < 0) return undefined;
    return { requestsPerUnit: Math.trunc(requestsPerUnit), unit };
  }
}

function hitsOf(hits: number | string): number | Formatter {
  if (typeof hits === "number") return hits;
  const format = compileFormat(hits);
  if (!format.ok) throw new Error(format.error);
  return format.value;
}
