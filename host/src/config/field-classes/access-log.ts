import type { FieldClassTable } from "./types.ts";

const oneBuiltIn = "is not supported; the built-in command operators are";

/** Access loggers, their filters and formats. */
export const accessLogFields: FieldClassTable = {
  "envoy.config.accesslog.v3.AccessLog": { implemented: ["name", "filter", "typed_config"] },
  "sluice.accesslog.v1.DiscoveredAccessLog": { implemented: ["config_discovery"] },
  "envoy.config.accesslog.v3.AccessLogFilter": {
    implemented: [
      "status_code_filter",
      "duration_filter",
      "not_health_check_filter",
      "and_filter",
      "or_filter",
      "header_filter",
      "response_flag_filter",
      "grpc_status_filter",
      "log_type_filter",
    ],
    refused: {
      traceable_filter: "tracing is not supported",
      runtime_filter: "there is no runtime; use another filter",
      metadata_filter: "is not supported; use header_filter or response_flag_filter",
      extension_filter: "extensions for access log filters are not supported",
    },
  },
  "envoy.config.accesslog.v3.ComparisonFilter": { implemented: ["op", "value"] },
  "envoy.config.core.v3.RuntimeUInt32": {
    implemented: ["default_value"],
    harmless: { runtime_key: "there is no runtime; default_value always holds" },
  },
  "envoy.config.accesslog.v3.StatusCodeFilter": { implemented: ["comparison"] },
  "envoy.config.accesslog.v3.DurationFilter": { implemented: ["comparison"] },
  "envoy.config.accesslog.v3.NotHealthCheckFilter": { implemented: [] },
  "envoy.config.accesslog.v3.AndFilter": { implemented: ["filters"] },
  "envoy.config.accesslog.v3.OrFilter": { implemented: ["filters"] },
  "envoy.config.accesslog.v3.HeaderFilter": { implemented: ["header"] },
  "envoy.config.accesslog.v3.ResponseFlagFilter": { implemented: ["flags"] },
  "envoy.config.accesslog.v3.GrpcStatusFilter": { implemented: ["statuses", "exclude"] },
  "envoy.config.accesslog.v3.LogTypeFilter": { implemented: ["types", "exclude"] },
  "envoy.extensions.access_loggers.file.v3.FileAccessLog": {
    implemented: ["path", "format", "json_format", "typed_json_format", "log_format"],
  },
  "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog": { implemented: ["log_format"] },
  "envoy.extensions.access_loggers.stream.v3.StderrAccessLog": { implemented: ["log_format"] },
  "envoy.config.core.v3.SubstitutionFormatString": {
    implemented: ["text_format", "text_format_source", "json_format", "omit_empty_values"],
    harmless: {
      content_type: "a log has no content type",
      json_format_options: "keys are always sorted",
    },
    refused: { formatters: oneBuiltIn },
  },
  "envoy.config.core.v3.JsonFormatOptions": {
    implemented: [],
    harmless: { sort_properties: "keys are always sorted" },
  },
};
