import type { FieldClassTable } from "./types.ts";

const noFormats = "values are not formatted, so that there always is one";
const extension = "other descriptors are not supported; use one of the other actions";

export const rateLimitFields: FieldClassTable = {
  "envoy.extensions.filters.http.ratelimit.v3.RateLimit": {
    implemented: [
      "domain",
      "stage",
      "request_type",
      "timeout",
      "failure_mode_deny",
      "failure_mode_deny_percent",
      "rate_limited_as_resource_exhausted",
      "rate_limit_service",
      "enable_x_ratelimit_headers",
      "enable_retry_after_header",
      "disable_x_envoy_ratelimited_header",
      "rate_limited_status",
      "response_headers_to_add",
      "status_on_error",
      "stat_prefix",
      "filter_enabled",
      "filter_enforced",
      "rate_limits",
      "metadata_namespace",
    ],
  },
  "envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute": {
    implemented: ["vh_rate_limits", "rate_limits", "domain"],
    refused: { override_option: "is not implemented, in Envoy neither; use vh_rate_limits" },
  },
  "envoy.extensions.filters.network.ratelimit.v3.RateLimit": {
    implemented: [
      "stat_prefix",
      "domain",
      "descriptors",
      "timeout",
      "failure_mode_deny",
      "rate_limit_service",
    ],
  },
  "envoy.config.ratelimit.v3.RateLimitServiceConfig": {
    implemented: ["grpc_service", "transport_api_version"],
  },
  "envoy.extensions.common.ratelimit.v3.RateLimitDescriptor": {
    implemented: ["entries"],
    refused: {
      limit: "is not sent by Envoy here, either; the service has the limits",
      hits_addend: "is not sent by Envoy here, either: a connection counts once",
      is_negative_hits: "a connection counts once",
    },
  },
  "envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry": {
    implemented: ["key", "value"],
  },
  "envoy.config.route.v3.RateLimit": {
    implemented: ["stage", "actions", "limit", "hits_addend", "apply_on_stream_done"],
    harmless: {
      disable_key: "there is no runtime layer that could hold it: the limit holds",
    },
    refused: {
      x_ratelimit_option: "is not supported; use enable_x_ratelimit_headers of the filter",
    },
  },
  "envoy.config.route.v3.RateLimit.Action": {
    implemented: [
      "source_cluster",
      "destination_cluster",
      "request_headers",
      "query_parameters",
      "remote_address",
      "masked_remote_address",
      "remote_address_match",
      "generic_key",
      "header_value_match",
      "query_parameter_value_match",
      "metadata",
    ],
    refused: {
      dynamic_metadata: "use metadata, which reads the same",
      extension,
    },
  },
  "envoy.config.route.v3.RateLimit.Action.SourceCluster": { implemented: [] },
  "envoy.config.route.v3.RateLimit.Action.DestinationCluster": { implemented: [] },
  "envoy.config.route.v3.RateLimit.Action.RemoteAddress": { implemented: [] },
  "envoy.config.route.v3.RateLimit.Action.MaskedRemoteAddress": {
    implemented: ["v4_prefix_mask_len", "v6_prefix_mask_len"],
  },
  "envoy.config.route.v3.RateLimit.Action.RemoteAddressMatch": {
    implemented: ["descriptor_key", "descriptor_value", "address_matcher"],
    refused: { default_value: noFormats },
  },
  "envoy.type.matcher.v3.AddressMatcher": { implemented: ["ranges", "invert_match"] },
  "xds.core.v3.CidrRange": { implemented: ["address_prefix", "prefix_len"] },
  "envoy.config.route.v3.RateLimit.Action.RequestHeaders": {
    implemented: ["header_name", "descriptor_key", "skip_if_absent"],
  },
  "envoy.config.route.v3.RateLimit.Action.QueryParameters": {
    implemented: ["query_parameter_name", "descriptor_key", "skip_if_absent"],
  },
  "envoy.config.route.v3.RateLimit.Action.GenericKey": {
    implemented: ["descriptor_key", "descriptor_value"],
    refused: { default_value: noFormats },
  },
  "envoy.config.route.v3.RateLimit.Action.HeaderValueMatch": {
    implemented: ["descriptor_key", "descriptor_value", "expect_match", "headers"],
    refused: { default_value: noFormats },
  },
  "envoy.config.route.v3.RateLimit.Action.QueryParameterValueMatch": {
    implemented: ["descriptor_key", "descriptor_value", "expect_match", "query_parameters"],
    refused: { default_value: noFormats },
  },
  "envoy.config.route.v3.RateLimit.Action.MetaData": {
    implemented: ["descriptor_key", "metadata_key", "default_value", "source", "skip_if_absent"],
  },
  "envoy.config.route.v3.RateLimit.Override": {
    implemented: ["dynamic_metadata", "rate_limit"],
  },
  "envoy.config.route.v3.RateLimit.Override.DynamicMetadata": { implemented: ["metadata_key"] },
  "envoy.config.route.v3.RateLimit.Override.RateLimitOverride": {
    implemented: ["requests_per_unit", "unit"],
  },
  "envoy.config.route.v3.RateLimit.HitsAddend": {
    implemented: ["number", "format", "is_negative_hits"],
  },
  "envoy.type.metadata.v3.MetadataKey": { implemented: ["key", "path"] },
  "envoy.type.metadata.v3.MetadataKey.PathSegment": {
    implemented: ["key"],
    refused: { index: "elements of lists are not supported; the path goes through keys" },
  },
};
