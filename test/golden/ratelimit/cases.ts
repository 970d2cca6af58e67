import type { JsonObject } from "@bufbuild/protobuf";
import type { GrpcAnswer } from "../../support/callout-services.ts";

/** One configuration of the filter and its routes, one answer of the service, one request. */
export interface LimitCase {
  readonly name: string;
  /** More of `RateLimit`, the filter's message. */
  readonly filter?: JsonObject;
  /** `rate_limits` of the route and of its virtual host. */
  readonly limits?: readonly JsonObject[];
  readonly hostLimits?: readonly JsonObject[];
  /** More of `RouteAction`. */
  readonly action?: JsonObject;
  /** `RateLimitPerRoute` of the route and of its virtual host. */
  readonly route?: JsonObject;
  readonly host?: JsonObject;
  readonly answer?: GrpcAnswer;
  readonly request?: {
    readonly method?: string;
    readonly target?: string;
    readonly headers?: readonly string[];
    readonly body?: string;
  };
  /** A Lua filter in front. */
  readonly before?: string;
  readonly slow?: boolean;
  readonly dead?: boolean;
  /** How many calls there will be; some come when the response is there already. */
  readonly calls?: number;
}

const generic = (value: string, more: JsonObject = {}): JsonObject => ({
  actions: [{ generic_key: { descriptor_value: value } }],
  ...more,
});
const actions = (...list: JsonObject[]): { limits: JsonObject[] } => ({
  limits: [{ actions: list }],
});
const message = (json: JsonObject): GrpcAnswer => ({ message: json });
const ok = message({ overall_code: "OK" });
const over = (more: JsonObject = {}): GrpcAnswer =>
  message({ overall_code: "OVER_LIMIT", ...more });
const one = { limits: [generic("x")] };
const metadata = `function envoy_on_request(h)
  local m = h:streamInfo():dynamicMetadata()
  m:set("ns", "text", "v")
  m:set("ns", "number", 5)
  m:set("ns", "deep", { text = "d" })
  m:set("ns", "limit", { requests_per_unit = 42, unit = "HOUR" })
  m:set("ns", "bad", { requests_per_unit = 42, unit = "CENTURY" })
end`;
const key = (...path: string[]): JsonObject => ({
  key: "ns",
  path: path.map((part) => ({ key: part })),
});
const fromMetadata = (name: string, more: JsonObject = {}): JsonObject => ({
  metadata: { descriptor_key: "m", metadata_key: key(...name.split(".")), ...more },
});

const inRange = (value: string, ranges: JsonObject[], more: JsonObject = {}): JsonObject => ({
  remote_address_match: { descriptor_value: value, address_matcher: { ranges }, ...more },
});
const outOfRange = (value: string, ranges: JsonObject[]): JsonObject => ({
  remote_address_match: {
    descriptor_value: value,
    address_matcher: { ranges, invert_match: true },
  },
});

const everyAction: LimitCase[] = [
  {
    name: "clusters and addresses",
    ...actions(
      { source_cluster: {} },
      { destination_cluster: {} },
      { remote_address: {} },
      { masked_remote_address: {} },
      { masked_remote_address: { v4_prefix_mask_len: 12, v6_prefix_mask_len: 64 } },
    ),
    request: { headers: ["x-forwarded-for: 10.255.3.4"] },
  },
  {
    name: "an address of IPv6",
    ...actions(
      { remote_address: {} },
      { masked_remote_address: {} },
      { masked_remote_address: { v4_prefix_mask_len: 12, v6_prefix_mask_len: 50 } },
    ),
    request: { headers: ["x-forwarded-for: 2001:abcd:ef01:2345:6789:abcd:ef01:234"] },
  },
  {
    name: "headers",
    ...actions(
      { request_headers: { header_name: "x-a", descriptor_key: "a" } },
      { request_headers: { header_name: "X-B", descriptor_key: "b", skip_if_absent: true } },
      { request_headers: { header_name: ":path", descriptor_key: "p" } },
      { request_headers: { header_name: "host", descriptor_key: "h", skip_if_absent: true } },
    ),
    request: { headers: ["x-a: 1", "x-a: 2"], target: "/p?q=1" },
  },
  {
    name: "an address that matches",
    ...actions(
      inRange("v", [{ address_prefix: "10.0.0.0", prefix_len: 8 }]),
      inRange("w", [{ address_prefix: "10.0.0.9", prefix_len: 12 }], { descriptor_key: "k" }),
      inRange("x", [
        { address_prefix: "2001:db8::", prefix_len: 32 },
        { address_prefix: "10.1.2.3", prefix_len: 32 },
      ]),
      outOfRange("y", [{ address_prefix: "10.1.2.4", prefix_len: 32 }]),
      inRange("z", [{ address_prefix: "10.0.0.0" }]),
    ),
    request: { headers: ["x-forwarded-for: 10.1.2.3"] },
  },
  {
    name: "an address that does not match",
    limits: [
      { actions: [inRange("v", [{ address_prefix: "10.0.0.0", prefix_len: 8 }])] },
      { actions: [outOfRange("w", [{ address_prefix: "11.0.0.0", prefix_len: 8 }])] },
      generic("other"),
    ],
    request: { headers: ["x-forwarded-for: 11.1.2.3"] },
  },
  {
    name: "a header that is absent",
    limits: [
      { actions: [{ request_headers: { header_name: "x-a", descriptor_key: "a" } }] },
      generic("other"),
    ],
  },
  {
    name: "a header that is empty",
    ...actions({ request_headers: { header_name: "x-a", descriptor_key: "a" } }),
    request: { headers: ["x-a:"] },
  },
  {
    name: "only what is absent and skipped",
    ...actions({
      request_headers: { header_name: "x-a", descriptor_key: "a", skip_if_absent: true },
    }),
  },
  {
    name: "a header of bytes",
    ...actions({ request_headers: { header_name: "x-a", descriptor_key: "a" } }),
    request: { headers: ["x-a: \xc3\xa4"] },
  },
  {
    name: "query parameters",
    ...actions(
      { query_parameters: { query_parameter_name: "a", descriptor_key: "a" } },
      {
        query_parameters: {
          query_parameter_name: "none",
          descriptor_key: "n",
          skip_if_absent: true,
        },
      },
      {
        query_parameters: {
          query_parameter_name: "e f",
          descriptor_key: "e",
          skip_if_absent: true,
        },
      },
    ),
    request: { target: "/?a=x%20y&a=2&e%20f=3" },
  },
  {
    name: "generic keys",
    ...actions(
      { generic_key: { descriptor_value: "v" } },
      { generic_key: { descriptor_key: "k", descriptor_value: "w" } },
      { generic_key: { descriptor_key: "f", descriptor_value: "a%REQ(x-a)%b" } },
      {
        generic_key: { descriptor_key: "d", descriptor_value: "%REQ(x-none)%" },
      },
    ),
    request: { headers: ["x-a: 1"] },
  },
  {
    name: "a generic key without a value",
    ...actions({ generic_key: { descriptor_value: "%REQ(x-none)%" } }),
  },
  {
    name: "headers that match",
    ...actions(
      {
        header_value_match: {
          descriptor_value: "v",
          headers: [{ name: "x-a", present_match: true }],
        },
      },
      {
        header_value_match: {
          descriptor_key: "k",
          descriptor_value: "not %REQ(x-a)%",
          expect_match: false,
          headers: [{ name: "x-a", string_match: { exact: "2" } }],
        },
      },
    ),
    request: { headers: ["x-a: 1"] },
  },
  {
    name: "headers that do not match",
    limits: [
      {
        actions: [
          {
            header_value_match: {
              descriptor_value: "v",
              headers: [{ name: "x-a", present_match: true }],
            },
          },
        ],
      },
      generic("other"),
    ],
  },
  {
    name: "query parameters that match",
    ...actions(
      {
        query_parameter_value_match: {
          descriptor_value: "v",
          query_parameters: [{ name: "a", string_match: { prefix: "1" } }],
        },
      },
      {
        query_parameter_value_match: {
          descriptor_key: "k",
          descriptor_value: "w",
          expect_match: false,
          query_parameters: [{ name: "b", present_match: true }],
        },
      },
    ),
    request: { target: "/?a=12" },
  },
  {
    name: "metadata",
    before: metadata,
    ...actions(
      fromMetadata("text"),
      fromMetadata("deep.text"),
      fromMetadata("none", { default_value: "d" }),
      fromMetadata("none", { skip_if_absent: true }),
      fromMetadata("text", { source: "ROUTE_ENTRY" }),
    ),
  },
  { name: "metadata that is a number", before: metadata, ...actions(fromMetadata("number")) },
  { name: "metadata that is absent", before: metadata, ...actions(fromMetadata("none")) },
];

const choices: LimitCase[] = [
  {
    name: "several descriptors",
    limits: [
      generic("a"),
      { actions: [{ source_cluster: {} }, { generic_key: { descriptor_value: "b" } }] },
    ],
  },
  { name: "no limits" },
  { name: "limits of the host", hostLimits: [generic("host")] },
  { name: "limits of both", limits: [generic("route")], hostLimits: [generic("host")] },
  {
    name: "limits of both, included by the route",
    limits: [generic("route")],
    hostLimits: [generic("host")],
    action: { include_vh_rate_limits: true },
  },
  {
    name: "limits of both, included by the filter",
    limits: [generic("route")],
    hostLimits: [generic("host")],
    route: { vh_rate_limits: "INCLUDE" },
  },
  {
    name: "limits of the host, ignored",
    hostLimits: [generic("host")],
    route: { vh_rate_limits: "IGNORE" },
  },
  {
    name: "limits of the host, overridden for the host",
    limits: [generic("route")],
    hostLimits: [generic("host")],
    host: { vh_rate_limits: "INCLUDE" },
  },
  {
    name: "another stage",
    limits: [generic("zero"), generic("two", { stage: 2 })],
    filter: { stage: 2 },
  },
  { name: "another domain", ...one, route: { domain: "other" } },
  { name: "limits of the filter", filter: { rate_limits: [generic("filter")] }, ...one },
  { name: "limits of the filter's route", route: { rate_limits: [generic("per-route")] }, ...one },
  {
    name: "limits of the filter and its route",
    filter: { rate_limits: [generic("filter")] },
    route: { rate_limits: [generic("per-route")] },
  },
  { name: "internal requests only", filter: { request_type: "internal" }, ...one },
  { name: "external requests only", filter: { request_type: "external" }, ...one },
  {
    name: "internal requests only, of one",
    filter: { request_type: "internal" },
    ...one,
    before: `function envoy_on_request(h) h:headers():replace("x-envoy-internal", "true") end`,
  },
  {
    name: "external requests only, of an internal one",
    filter: { request_type: "external" },
    ...one,
    before: `function envoy_on_request(h) h:headers():replace("x-envoy-internal", "true") end`,
  },
  {
    name: "a limit from metadata",
    before: metadata,
    limits: [generic("x", { limit: { dynamic_metadata: { metadata_key: key("limit") } } })],
  },
  {
    name: "a limit from bad metadata",
    before: metadata,
    limits: [generic("x", { limit: { dynamic_metadata: { metadata_key: key("bad") } } })],
  },
  {
    name: "a fixed limit",
    limits: [generic("x", { limit: { rate_limit: { requests_per_unit: 7, unit: "DAY" } } })],
  },
  {
    name: "hits of the stream",
    ...one,
    before: `function envoy_on_request(h) h:streamInfo():filterState():set("envoy.ratelimit.hits_addend", "envoy.ratelimit.hits_addend", "3") end`,
  },
  {
    name: "limits for the stream's end",
    limits: [generic("now"), generic("then", { apply_on_stream_done: true })],
    calls: 2,
  },
  {
    name: "limits for the stream's end only",
    limits: [generic("then", { apply_on_stream_done: true })],
    calls: 1,
  },
  { name: "a disable key", limits: [generic("x", { disable_key: "k" })] },
  { name: "a direct response", ...one, action: { direct: true } },
  {
    name: "off by chance",
    filter: { filter_enabled: { default_value: { numerator: 0 } } },
    ...one,
    answer: over(),
  },
  {
    name: "not enforced by chance",
    filter: { filter_enforced: { default_value: { numerator: 0 } } },
    ...one,
    answer: over(),
  },
];

/** Limits of the filter itself can say more than those of routes. */
const ofFilter = (...limits: JsonObject[]): { filter: JsonObject } => ({
  filter: { rate_limits: limits },
});
const filterLimits: LimitCase[] = [
  {
    name: "filter: values with operators",
    ...ofFilter({
      actions: [
        { generic_key: { descriptor_key: "f", descriptor_value: "a%REQ(x-a)%b" } },
        {
          generic_key: {
            descriptor_key: "d",
            descriptor_value: "%REQ(x-none)%",
          },
        },
        {
          header_value_match: {
            descriptor_value: "h%REQ(x-a)%",
            headers: [{ name: "x-a", present_match: true }],
          },
        },
        {
          header_value_match: {
            descriptor_value: "%REQ(x-none)%",
            headers: [{ name: "x-a", present_match: true }],
          },
        },
        {
          query_parameter_value_match: {
            descriptor_value: "q%REQ(x-a)%",
            query_parameters: [{ name: "a", present_match: true }],
          },
        },
      ],
    }),
    request: { headers: ["x-a: 1"], target: "/?a=1" },
  },
  {
    name: "filter: a value without one",
    ...ofFilter(
      { actions: [{ generic_key: { descriptor_value: "%REQ(x-none)%" } }] },
      generic("other"),
    ),
  },
  {
    name: "filter: hits",
    ...ofFilter(
      generic("x", { hits_addend: { number: 5 } }),
      generic("y", { hits_addend: { number: 0 } }),
      generic("z", { hits_addend: { number: 5, is_negative_hits: true } }),
      generic("u"),
    ),
  },
  {
    name: "filter: hits of a format",
    ...ofFilter(generic("x", { hits_addend: { format: "%REQ(x-hits)%" } })),
    request: { headers: ["x-hits: 12"] },
  },
  {
    name: "filter: hits of a format that is none",
    ...ofFilter(generic("x", { hits_addend: { format: "%REQ(x-hits)%" } }), generic("other")),
    request: { headers: ["x-hits: no"] },
  },
  {
    name: "filter: hits of the stream's end",
    ...ofFilter(
      generic("then", { apply_on_stream_done: true, hits_addend: { format: "%BYTES_SENT%" } }),
    ),
    calls: 1,
  },
  {
    name: "filter: every action",
    before: metadata,
    ...ofFilter({
      actions: [
        { source_cluster: {} },
        { destination_cluster: {} },
        { remote_address: {} },
        { masked_remote_address: { v4_prefix_mask_len: 8 } },
        { request_headers: { header_name: "x-a", descriptor_key: "a" } },
        { query_parameters: { query_parameter_name: "a", descriptor_key: "a" } },
        fromMetadata("text"),
        fromMetadata("text", { source: "ROUTE_ENTRY" }),
      ],
    }),
    request: { headers: ["x-a: 1", "x-a: 2", "x-forwarded-for: 10.1.2.3"], target: "/?a=%20" },
  },
  {
    name: "filter: a limit from metadata",
    before: metadata,
    ...ofFilter(generic("x", { limit: { dynamic_metadata: { metadata_key: key("limit") } } })),
  },
  {
    name: "filter: a fixed limit",
    ...ofFilter(generic("x", { limit: { rate_limit: { requests_per_unit: 7, unit: "DAY" } } })),
  },
];

const statuses = {
  statuses: [
    {
      code: "OK",
      current_limit: { requests_per_unit: 100, unit: "MINUTE", name: "wide" },
      limit_remaining: 9,
      duration_until_reset: "30s",
    },
    {
      code: "OVER_LIMIT",
      current_limit: { requests_per_unit: 2, unit: "SECOND" },
      limit_remaining: 0,
      duration_until_reset: "1s",
    },
    { code: "OK" },
  ],
};
const withHeaders = {
  response_headers_to_add: [
    { key: "x-from-service", value: "r" },
    { key: "X-Up", value: "r" },
  ],
  request_headers_to_add: [
    { key: "x-request", value: "q" },
    { key: "x-there", value: "q" },
  ],
};
const answers: LimitCase[] = [
  { name: "ok", ...one, answer: ok },
  {
    name: "ok with everything",
    ...one,
    answer: message({
      overall_code: "OK",
      ...statuses,
      ...withHeaders,
      dynamic_metadata: { user: "u" },
      raw_body: "aGVsbG8=",
    }),
    request: { headers: ["x-there: 1"] },
  },
  { name: "an unknown answer", ...one, answer: message({}) },
  { name: "over", ...one, answer: over() },
  {
    name: "over with everything",
    ...one,
    answer: over({
      ...statuses,
      ...withHeaders,
      dynamic_metadata: { user: "u" },
      raw_body: "aGVsbG8=",
    }),
  },
  {
    name: "over with a content type",
    ...one,
    answer: over({
      response_headers_to_add: [{ key: "content-type", value: "text/html" }],
      raw_body: "aGVsbG8=",
    }),
  },
  {
    name: "over without the header",
    filter: { disable_x_envoy_ratelimited_header: true },
    ...one,
    answer: over(),
  },
  {
    name: "over with another status",
    filter: { rate_limited_status: { code: 503 } },
    ...one,
    answer: over(),
  },
  {
    name: "over with a status that is too low",
    filter: { rate_limited_status: { code: 302 } },
    ...one,
    answer: over(),
  },
  {
    name: "over with added headers",
    filter: {
      response_headers_to_add: [
        { header: { key: "x-added", value: "%REQ(x-a)%" } },
        { header: { key: "x-b", value: "2" }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
      ],
    },
    ...one,
    answer: over({ response_headers_to_add: [{ key: "x-b", value: "1" }] }),
    request: { headers: ["x-a: 1"] },
  },
  {
    name: "over, of a gRPC request",
    ...one,
    answer: over({ raw_body: "aGVsbG8=" }),
    request: { method: "POST", headers: ["content-type: application/grpc"] },
  },
  {
    name: "over, of a gRPC request, exhausted",
    filter: { rate_limited_as_resource_exhausted: true },
    ...one,
    answer: over(),
    request: { method: "POST", headers: ["content-type: application/grpc"] },
  },
  {
    name: "limits in headers",
    filter: { enable_x_ratelimit_headers: "DRAFT_VERSION_03" },
    ...one,
    answer: message({ overall_code: "OK", ...statuses }),
  },
  {
    name: "limits in headers, over",
    filter: { enable_x_ratelimit_headers: "DRAFT_VERSION_03" },
    ...one,
    answer: over(statuses),
  },
  {
    name: "limits in headers, none",
    filter: { enable_x_ratelimit_headers: "DRAFT_VERSION_03" },
    ...one,
    answer: ok,
  },
  {
    name: "when to come back",
    filter: { enable_retry_after_header: true },
    ...one,
    answer: over(statuses),
  },
  {
    name: "when to come back, ok",
    filter: { enable_retry_after_header: true },
    ...one,
    answer: message({ overall_code: "OK", ...statuses }),
  },
  {
    name: "metadata of another namespace",
    filter: { metadata_namespace: "other.ns" },
    ...one,
    answer: message({ overall_code: "OK", dynamic_metadata: { user: "u" } }),
  },
  { name: "an error", ...one, answer: { status: 14 } },
  {
    name: "an error that is final",
    filter: { failure_mode_deny: true },
    ...one,
    answer: { status: 14 },
  },
  {
    name: "an error with a status",
    filter: { failure_mode_deny: true, status_on_error: { code: 503 } },
    ...one,
    answer: { status: 14 },
  },
  {
    name: "an error with a status that is none of a server",
    filter: { failure_mode_deny: true, status_on_error: { code: 404 } },
    ...one,
    answer: { status: 14 },
  },
  {
    name: "an error that is final by chance",
    filter: { failure_mode_deny_percent: { default_value: { numerator: 100 } } },
    ...one,
    answer: { status: 14 },
  },
  {
    name: "an error that is not final by chance",
    filter: { failure_mode_deny_percent: { default_value: { numerator: 0 } } },
    ...one,
    answer: { status: 14 },
  },
  { name: "an answer that is no message", ...one, answer: { raw: Buffer.from("0a05", "hex") } },
  { name: "no answer", ...one, slow: true, answer: "nothing" },
  { name: "no service", ...one, dead: true },
  { name: "a prefix for stats", filter: { stat_prefix: "p" }, ...one, answer: over() },
  { name: "a body", ...one, answer: ok, request: { method: "POST", body: "0123456789" } },
  { name: "a body, over", ...one, answer: over(), request: { method: "POST", body: "0123456789" } },
];

export const limitCases: readonly LimitCase[] = [
  ...everyAction,
  ...choices,
  ...filterLimits,
  ...answers,
];
