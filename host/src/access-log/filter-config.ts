import type {
  AccessLogFilter,
  ComparisonFilter,
  HeaderFilter,
  LogTypeFilter,
} from "../config/gen/envoy/config/accesslog/v3/accesslog_pb.js";
import type { AccessLogType } from "../contracts/access-log.ts";
import { responseFlagBit } from "../formatter/operators/stream.ts";
import { parseHeaderMatcher } from "../router/config-match.ts";
import type { HeaderMatcherConfig } from "../router/route-config.ts";

export type ComparisonOp = "EQ" | "GE" | "LE" | "NE";

/** `AccessLogFilter` as plain data. */
export type AccessLogFilterConfig =
  | {
      readonly kind: "status_code" | "duration";
      readonly op: ComparisonOp;
      readonly value: number;
    }
  | { readonly kind: "not_health_check" }
  | { readonly kind: "and" | "or"; readonly filters: readonly AccessLogFilterConfig[] }
  | { readonly kind: "header"; readonly matcher: HeaderMatcherConfig }
  /** 0: any flag. */
  | { readonly kind: "response_flag"; readonly mask: number }
  | {
      readonly kind: "grpc_status";
      readonly statuses: readonly number[];
      readonly exclude: boolean;
    }
  | {
      readonly kind: "log_type";
      readonly types: readonly AccessLogType[];
      readonly exclude: boolean;
    };

// By the numbers of ComparisonFilter.Op.
const ops: readonly ComparisonOp[] = ["EQ", "GE", "LE", "NE"];

// By the numbers of envoy.data.accesslog.v3.AccessLogType; lines of other types are never written here.
const logTypes = new Map<number, AccessLogType>([
  [0, "NotSet"],
  [1, "TcpUpstreamConnected"],
  [2, "TcpPeriodic"],
  [3, "TcpConnectionEnd"],
  [6, "DownstreamEnd"],
]);

const never: AccessLogFilterConfig = { kind: "or", filters: [] };

/** Reads a filter. What is not handled is refused by its field class, and the result not used then. */
export function parseAccessLogFilter(message: AccessLogFilter): AccessLogFilterConfig {
  const specifier = message.filterSpecifier;
  switch (specifier.case) {
    case "statusCodeFilter":
      return comparison("status_code", specifier.value.comparison);
    case "durationFilter":
      return comparison("duration", specifier.value.comparison);
    case "notHealthCheckFilter":
      return { kind: "not_health_check" };
    case "andFilter":
    case "orFilter": {
      const filters = specifier.value.filters.map(parseAccessLogFilter);
      return { kind: specifier.case === "andFilter" ? "and" : "or", filters };
    }
    case "headerFilter":
      return headerFilter(specifier.value);
    case "responseFlagFilter": {
      const bits = specifier.value.flags.map((flag) => responseFlagBit(flag) ?? 0);
      return { kind: "response_flag", mask: bits.reduce((mask, bit) => mask | bit, 0) };
    }
    case "grpcStatusFilter": {
      const { statuses, exclude } = specifier.value;
      return { kind: "grpc_status", statuses, exclude };
    }
    case "logTypeFilter":
      return logTypeFilter(specifier.value);
    case "traceableFilter":
    case "runtimeFilter":
    case "metadataFilter":
    case "extensionFilter":
    case undefined:
      return never;
  }
}

function comparison(
  kind: "status_code" | "duration",
  message: ComparisonFilter | undefined,
): AccessLogFilterConfig {
  return { kind, op: ops[message?.op ?? 0] ?? "EQ", value: message?.value?.defaultValue ?? 0 };
}

function headerFilter(message: HeaderFilter): AccessLogFilterConfig {
  return message.header === undefined
    ? never
    : { kind: "header", matcher: parseHeaderMatcher(message.header) };
}

function logTypeFilter(message: LogTypeFilter): AccessLogFilterConfig {
  const types = message.types.flatMap((number) => logTypes.get(number) ?? []);
  return { kind: "log_type", types, exclude: message.exclude };
}
