import type { AccessLogType } from "../contracts/access-log.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import { grpcStatusOf } from "../formatter/operators/headers.ts";
import { HeaderMatcher } from "../router/matchers.ts";
import type { AccessLogFilterConfig, ComparisonOp } from "./filter-config.ts";

/** Decides whether a line is written. */
export type AccessLogPredicate = (info: StreamInfo, type: AccessLogType) => boolean;

export function createAccessLogPredicate(config: AccessLogFilterConfig): AccessLogPredicate {
  switch (config.kind) {
    case "status_code":
      return (info) => compare(info.responseCode, config.op, config.value);
    case "duration":
      return (info) => compare(durationMs(info), config.op, config.value);
    case "not_health_check":
      // Nothing here answers health checks by itself, so no stream is one.
      return () => true;
    case "and": {
      const filters = config.filters.map(createAccessLogPredicate);
      return (info, type) => filters.every((filter) => filter(info, type));
    }
    case "or": {
      const filters = config.filters.map(createAccessLogPredicate);
      return (info, type) => filters.some((filter) => filter(info, type));
    }
    case "header": {
      const matcher = new HeaderMatcher(config.matcher);
      return (info) => info.requestHeaders !== undefined && matcher.match(info.requestHeaders);
    }
    case "response_flag":
      return (info) =>
        config.mask === 0 ? info.responseFlags !== 0 : (info.responseFlags & config.mask) !== 0;
    case "grpc_status":
      // 2 is Unknown.
      return (info) => config.statuses.includes(grpcStatusOf(info) ?? 2) !== config.exclude;
    case "log_type":
      return (_info, type) => config.types.includes(type) !== config.exclude;
  }
}

function durationMs(info: StreamInfo): number {
  return Math.max(0, Math.floor(info.endTimeMs - info.startTimeMs));
}

function compare(left: number, op: ComparisonOp, right: number): boolean {
  switch (op) {
    case "EQ":
      return left === right;
    case "GE":
      return left >= right;
    case "LE":
      return left <= right;
    case "NE":
      return left !== right;
  }
}
