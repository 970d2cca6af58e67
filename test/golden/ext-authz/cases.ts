import {
  type AuthCase,
  chunked,
  denied,
  exact,
  header,
  message,
  ok,
  partial,
  post,
  there,
  withBody,
} from "./auth-case.ts";
import { httpCases } from "./http-cases.ts";

const allowed = message({ status: { code: 0 } });
const actions = [
  "APPEND_IF_EXISTS_OR_ADD",
  "ADD_IF_ABSENT",
  "OVERWRITE_IF_EXISTS_OR_ADD",
  "OVERWRITE_IF_EXISTS",
] as const;
/** Each append action, on a header that is there and on one that is not. */
const everyAction = actions.flatMap((append_action, i) => [
  header(`x-there-${i}`, "new", { append_action }),
  header(`x-absent-${i}`, "new", { append_action }),
]);
const setMetadata = `function envoy_on_request(h)
  local m = h:streamInfo():dynamicMetadata()
  m:set("ns.one", "k", "v")
  m:set("ns.one", "n", 1.5)
  m:set("ns.two", "k", { deep = true })
end`;

const answers: AuthCase[] = [
  { name: "ok", grpc: allowed },
  { name: "ok without a status", grpc: message({}) },
  {
    name: "ok with headers",
    grpc: ok({
      headers: [
        header("x-set", "1"),
        header("x-there-0", "2"),
        header("x-there-1", "2", { append: true }),
        header("x-there-2", "2", { append: false }),
        header("x-new", "3", { append: true }),
        header("X-Upper", "4"),
        header("x-twice", "1"),
        header("x-twice", "2"),
        header("x-empty", ""),
      ],
    }),
    request: { headers: [...there, "x-there-1: second"] },
  },
  {
    name: "ok with every append action",
    grpc: ok({ headers: everyAction }),
    request: { headers: there },
  },
  {
    name: "ok with pseudo headers",
    grpc: ok({
      headers: [header(":path", "/new"), header(":authority", "new"), header("host", "h2")],
    }),
  },
  {
    name: "ok with removals",
    grpc: ok({
      headers_to_remove: ["x-there-0", "X-There-1", ":path", "host", ":method", "x-none"],
    }),
    request: { headers: there },
  },
  {
    name: "ok with a header that is set and removed",
    grpc: ok({ headers: [header("x-there-0", "new")], headers_to_remove: ["x-there-0"] }),
    request: { headers: there },
  },
  {
    name: "ok with query parameters",
    grpc: ok({
      query_parameters_to_set: [
        { key: "b", value: "new" },
        { key: "d", value: "4&=" },
      ],
      query_parameters_to_remove: ["c", "none"],
    }),
    request: { target: "/p?z=1&b=2&c=3&b=4&c&e%20f=g&z=0&flag&=x&B=1" },
  },
  {
    name: "ok with query parameters, of none",
    grpc: ok({ query_parameters_to_set: [{ key: "b", value: "new" }] }),
  },
  {
    name: "ok that removes all query parameters",
    grpc: ok({ query_parameters_to_remove: ["a"] }),
    request: { target: "/p?a=1" },
  },
  {
    name: "ok with response headers",
    grpc: ok({
      response_headers_to_add: [
        header("x-up", "2"),
        header("x-up-2", "2", { append: true }),
        header("x-new", "2", { append: true }),
        header("x-set", "2"),
      ],
    }),
  },
  {
    name: "ok with every append action for the response",
    grpc: ok({
      response_headers_to_add: actions.flatMap((append_action) => [
        header("x-up", append_action, { append_action }),
        header(`x-${append_action.toLowerCase()}`, "new", { append_action }),
      ]),
    }),
  },
  {
    name: "ok with metadata",
    grpc: message({ status: {}, dynamic_metadata: { user: "u", n: 1, list: [true, null] } }),
  },
  {
    name: "ok with the older metadata",
    grpc: message({
      status: {},
      dynamic_metadata: { user: "u" },
      ok_response: { dynamic_metadata: { older: "o" } },
    }),
  },
  {
    name: "metadata that is ignored",
    filter: { enable_dynamic_metadata_ingestion: false },
    grpc: message({ status: {}, dynamic_metadata: { user: "u" } }),
  },
  { name: "denied", grpc: message({ status: { code: 7 } }) },
  {
    name: "denied with metadata",
    grpc: message({ status: { code: 16 }, dynamic_metadata: { user: "u" } }),
  },
  {
    name: "denied with everything",
    grpc: denied({
      status: { code: 401 },
      headers: [
        header("x-a", "1"),
        header("set-cookie", "a=1"),
        header("set-cookie", "b=2"),
        header("content-type", "text/html"),
        header("x-b", "1", { append: true }),
        header("X-Upper", "1"),
      ],
      body: "<p>no</p>",
    }),
  },
  {
    name: "denied with every append action",
    grpc: denied({ headers: everyAction }),
  },
  { name: "denied with a code of success", grpc: denied({ status: { code: 201 }, body: "x" }) },
  { name: "denied with code 299", grpc: denied({ status: { code: 299 } }) },
  { name: "denied without a code", grpc: denied({ body: "x" }) },
  {
    name: "denied with an ok response",
    grpc: message({ status: { code: 7 }, ok_response: { headers: [header("x-a", "1")] } }),
  },
  {
    name: "ok with a denied response",
    grpc: message({ status: { code: 0 }, denied_response: { headers: [header("x-a", "1")] } }),
  },
  {
    name: "denied, of a gRPC request",
    grpc: denied({ status: { code: 401 }, headers: [header("x-a", "1")], body: "no entry" }),
    request: { method: "POST", headers: ["content-type: application/grpc"] },
  },
  {
    name: "denied, of a HEAD",
    grpc: denied({ body: "no" }),
    request: { method: "HEAD" },
  },
  {
    name: "denied without charging the cluster",
    filter: { charge_cluster_response_stats: false },
    grpc: denied({ status: { code: 401 } }),
  },
  {
    name: "an error's body that is cut",
    filter: { max_denied_response_body_bytes: 4 },
    grpc: message({ status: { code: 13 }, error_response: { body: "broken" } }),
  },
  {
    name: "ok with response headers, not appended",
    grpc: ok({ response_headers_to_add: [header("x-up", "2", { append: false })] }),
  },
  {
    name: "metadata of a filter of another name",
    filterName: "other",
    grpc: message({ status: {}, dynamic_metadata: { user: "u" } }),
  },
  {
    name: "a call with metadata",
    grpcService: { initial_metadata: [{ key: "x-token", value: "t" }] },
    envoyGrpc: { authority: "auth.test" },
    grpc: allowed,
  },
  {
    name: "a call without Envoy's headers",
    envoyGrpc: { skip_envoy_headers: true },
    grpc: allowed,
  },
  {
    name: "a body that is cut",
    filter: { max_denied_response_body_bytes: 4 },
    grpc: denied({ body: "123456" }),
  },
  {
    name: "an error response",
    grpc: message({
      status: { code: 13 },
      error_response: { status: { code: 503 }, headers: [header("x-a", "1")], body: "broken" },
    }),
  },
  {
    name: "an error response without a code",
    grpc: message({ status: { code: 13 }, error_response: { body: "broken" } }),
  },
  {
    name: "an error response with an ok status",
    grpc: message({ status: { code: 0 }, error_response: { status: { code: 503 } } }),
  },
];

const errors: AuthCase[] = [
  { name: "a call that fails", grpc: { status: 14, text: "down" } },
  { name: "a denial as the call's status", grpc: { status: 7 } },
  { name: "an answer that is no message", grpc: { raw: Buffer.from("0a05", "hex") } },
  { name: "no answer", slow: true },
  { name: "no service", dead: true },
  {
    name: "an error with a status",
    filter: { status_on_error: { code: 503 } },
    grpc: { status: 14 },
  },
  {
    name: "an error with a status of a redirect",
    filter: { status_on_error: { code: 302 } },
    grpc: { status: 14 },
  },
  {
    name: "an error that is let through",
    filter: { failure_mode_allow: true },
    grpc: { status: 14 },
  },
  {
    name: "an error that is let through and marked",
    filter: { failure_mode_allow: true, failure_mode_allow_header_add: true },
    grpc: { status: 14 },
  },
  {
    name: "an error response that is let through",
    filter: { failure_mode_allow: true },
    grpc: message({ status: { code: 13 }, error_response: { status: { code: 503 } } }),
  },
];

const validating = { validate_mutations: true };
const badHeader = header("x-bad", "a\nb");
const mutations: AuthCase[] = [
  { name: "a bad header", filter: validating, grpc: ok({ headers: [badHeader] }) },
  {
    name: "a bad header's name",
    filter: validating,
    grpc: ok({ headers: [header("x bad", "1")] }),
  },
  {
    name: "a bad header to append",
    filter: validating,
    grpc: ok({ headers: [header("x-bad", "a\nb", { append: true })] }),
  },
  {
    name: "a bad header to remove",
    filter: validating,
    grpc: ok({ headers_to_remove: ["x bad", "x-there-0"] }),
    request: { headers: there },
  },
  {
    name: "a bad response header",
    filter: validating,
    grpc: ok({ response_headers_to_add: [badHeader] }),
  },
  {
    name: "a bad query parameter",
    filter: validating,
    grpc: ok({ query_parameters_to_set: [{ key: "k", value: "a b" }] }),
  },
  {
    name: "a bad query parameter to remove",
    filter: validating,
    grpc: ok({ query_parameters_to_remove: ["a b"] }),
    request: { target: "/?a%20b=1" },
  },
  { name: "a bad header of a denial", filter: validating, grpc: denied({ headers: [badHeader] }) },
  {
    name: "a bad header, failures let through",
    filter: { ...validating, failure_mode_allow: true },
    grpc: ok({ headers: [badHeader] }),
  },
  {
    name: "rules that allow most",
    filter: { decoder_header_mutation_rules: {} },
    grpc: ok({
      headers: [
        header("x-a", "1"),
        header("x-envoy-a", "1"),
        header(":path", "/new"),
        header("host", "n"),
      ],
      headers_to_remove: ["x-there-0", "x-envoy-there"],
    }),
    request: { headers: [...there, "x-envoy-there: 1"] },
  },
  {
    name: "rules that forbid all",
    filter: { decoder_header_mutation_rules: { disallow_all: true } },
    grpc: ok({ headers: [header("x-a", "1")], headers_to_remove: ["x-there-0"] }),
    request: { headers: there },
  },
  {
    name: "rules that make it an error",
    filter: { decoder_header_mutation_rules: { disallow_all: true, disallow_is_error: true } },
    grpc: ok({ headers: [header("x-a", "1")] }),
  },
  {
    name: "rules that make removals an error",
    filter: { decoder_header_mutation_rules: { disallow_all: true, disallow_is_error: true } },
    grpc: ok({ headers_to_remove: ["x-there-0"] }),
    request: { headers: there },
  },
  {
    name: "rules that allow routing and Envoy's own",
    filter: { decoder_header_mutation_rules: { allow_all_routing: true, allow_envoy: true } },
    grpc: ok({
      headers: [header("x-envoy-a", "1"), header(":authority", "new"), header(":scheme", "https")],
    }),
  },
  {
    name: "rules that forbid system headers",
    filter: { decoder_header_mutation_rules: { allow_all_routing: true, disallow_system: true } },
    grpc: ok({ headers: [header(":path", "/new"), header("x-a", "1")] }),
  },
];

const routing: AuthCase[] = [
  {
    name: "another route, cache kept",
    grpc: ok({ headers: [header("x-other-route", "1")] }),
  },
  {
    name: "another route, cache cleared",
    filter: { clear_route_cache: true },
    grpc: ok({ headers: [header("x-other-route", "1")] }),
  },
  {
    name: "another route, cache cleared for other headers",
    filter: { clear_route_cache: true, clear_route_cache_headers: ["x-none"] },
    grpc: ok({ headers: [header("x-other-route", "1")] }),
  },
  {
    name: "another route, cache cleared for this header",
    filter: { clear_route_cache: true, clear_route_cache_headers: ["X-Other-Route"] },
    grpc: ok({ headers: [header("x-other-route", "1")] }),
  },
  { name: "off for the route", route: { disabled: true } },
  {
    name: "off for the host, on for the route",
    host: { disabled: true },
    route: { check_settings: { context_extensions: { a: "1" } } },
    grpc: allowed,
  },
  {
    name: "extensions of two levels",
    host: { check_settings: { context_extensions: { a: "host", b: "host" } } },
    route: { check_settings: { context_extensions: { b: "route", c: "route" } } },
    grpc: allowed,
  },
  {
    name: "another service for the route",
    dead: true,
    route: {
      check_settings: {
        grpc_service: { envoy_grpc: { cluster_name: "auth-grpc" }, timeout: "19s" },
      },
    },
    grpc: allowed,
  },
  {
    name: "another service for the host",
    dead: true,
    host: {
      check_settings: {
        context_extensions: { a: "1" },
        grpc_service: { envoy_grpc: { cluster_name: "auth-grpc" } },
      },
    },
    route: { check_settings: { context_extensions: { b: "1" } } },
    grpc: allowed,
  },
  {
    name: "http: another service for the route",
    dead: true,
    route: {
      check_settings: {
        http_service: {
          server_uri: { uri: "http://a", cluster: "auth-http", timeout: "20s" },
          path_prefix: "/route",
          authorization_response: {
            allowed_upstream_headers: { patterns: [{ exact: "x-user" }] },
          },
        },
      },
    },
    filter: { allowed_headers: { patterns: [{ exact: "x-a" }] } },
    http: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-user: u\r\n\r\n",
    request: { headers: ["x-a: 1", "x-b: 1"] },
  },
  {
    name: "off by chance",
    filter: { filter_enabled: { default_value: { numerator: 0 } } },
    grpc: allowed,
  },
  {
    name: "off by chance, and refused",
    filter: {
      filter_enabled: { default_value: { numerator: 0 } },
      deny_at_disable: { default_value: true, runtime_key: "k" },
      status_on_error: { code: 401 },
    },
    grpc: allowed,
  },
  {
    name: "on by metadata",
    before: setMetadata,
    filter: {
      filter_enabled_metadata: {
        filter: "ns.one",
        path: [{ key: "k" }],
        value: { string_match: { exact: "v" } },
      },
    },
    grpc: allowed,
  },
  {
    name: "off by metadata",
    filter: {
      filter_enabled_metadata: {
        filter: "ns.one",
        path: [{ key: "k" }],
        value: { string_match: { exact: "v" } },
      },
    },
    grpc: allowed,
  },
  {
    name: "off by metadata, inverted",
    before: setMetadata,
    filter: {
      filter_enabled_metadata: {
        filter: "ns.two",
        path: [{ key: "k" }, { key: "deep" }],
        value: { bool_match: true },
        invert: true,
      },
    },
    grpc: allowed,
  },
];

const bodies: AuthCase[] = [
  { name: "a body", filter: withBody(10), grpc: allowed, request: post("0123456789") },
  {
    name: "a body that is too large",
    filter: withBody(10),
    grpc: allowed,
    // The rest of it never comes.
    request: { method: "POST", headers: ["content-length: 100"], body: "0123456789a" },
  },
  {
    name: "a body that is too large, cut",
    filter: withBody(10, partial),
    grpc: allowed,
    request: post("0123456789ab"),
  },
  {
    name: "a body that fits when cut",
    filter: withBody(100, partial),
    grpc: allowed,
    request: post("0123456789ab"),
  },
  {
    name: "a body that is not UTF-8",
    filter: withBody(100),
    grpc: allowed,
    request: post("a\xff\xfeb\xc3\xa4c\xe2\x82"),
  },
  {
    name: "a body as bytes",
    filter: withBody(100, { pack_as_bytes: true }),
    grpc: allowed,
    request: post("a\xff\xfeb\xc3\xa4c"),
  },
  {
    name: "a chunked body",
    filter: withBody(100),
    grpc: allowed,
    request: { method: "POST", headers: [chunked], body: "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n" },
  },
  { name: "no body", filter: withBody(100), grpc: allowed },
  {
    name: "a client that says that the body is partial",
    filter: withBody(100),
    grpc: allowed,
    request: { method: "POST", headers: ["x-envoy-auth-partial-body: true"], body: "x" },
  },
  { name: "a body that nobody wants", grpc: allowed, request: post("0123456789") },
  { name: "a body that is denied", filter: withBody(100), grpc: denied({}), request: post("x") },
  {
    name: "a body, off for the route",
    filter: withBody(10),
    route: { check_settings: { disable_request_body_buffering: true } },
    grpc: allowed,
    request: post("0123456789a"),
  },
  {
    name: "a body, on for the route",
    route: { check_settings: { ...withBody(4, partial) } },
    grpc: allowed,
    request: post("0123456789a"),
  },
  {
    name: "a body, less for the route",
    filter: withBody(100),
    host: { check_settings: { context_extensions: { a: "1" }, ...withBody(2, partial) } },
    route: { check_settings: { context_extensions: { b: "1" } } },
    grpc: allowed,
    request: post("0123456789a"),
  },
];

const checks: AuthCase[] = [
  {
    name: "what a check says",
    filter: { include_peer_certificate: true, include_tls_session: true },
    grpc: allowed,
    request: {
      target: "/p?q=1",
      headers: [
        "x-request-id: 00000000-0000-4000-8000-000000000000",
        "x-envoy-downstream-service-cluster: client",
        "x-forwarded-for: 10.0.0.1",
        "x-twice: 1",
        "x-twice: 2",
        "cookie: a=1",
        "cookie: b=2",
        "x-bytes: a\xffb",
        "x-utf8: \xc3\xa4",
        "x-empty:",
      ],
    },
  },
  {
    name: "what a check says of raw headers",
    filter: { encode_raw_headers: true },
    grpc: allowed,
    request: { headers: ["x-twice: 1", "x-twice: 2", "x-bytes: a\xffb"] },
  },
  {
    name: "what a check says of raw headers and a body",
    filter: { encode_raw_headers: true, ...withBody(100) },
    grpc: allowed,
    request: post("x"),
  },
  {
    name: "what a check says of a handshake",
    tls: true,
    filter: { include_peer_certificate: true, include_tls_session: true },
    grpc: allowed,
  },
  { name: "what a check does not say of a handshake", tls: true, grpc: allowed },
  { name: "labels", filter: { bootstrap_metadata_labels_key: "labels" }, grpc: allowed },
  {
    name: "labels that are none",
    filter: { bootstrap_metadata_labels_key: "other" },
    grpc: allowed,
  },
  {
    name: "metadata for the service",
    before: setMetadata,
    filter: {
      metadata_context_namespaces: ["ns.one", "ns.two", "ns.none"],
      route_metadata_context_namespaces: ["route.ns", "none"],
    },
    grpc: allowed,
  },
  {
    name: "headers for the service",
    filter: {
      allowed_headers: { patterns: [{ prefix: "x-" }] },
      disallowed_headers: exact("x-secret"),
    },
    grpc: allowed,
    request: { headers: ["x-a: 1", "x-secret: 1", "y: 1", "authorization: a"] },
  },
  {
    name: "headers that are not for the service",
    filter: { disallowed_headers: { patterns: [{ exact: "X-SECRET", ignore_case: true }] } },
    grpc: allowed,
    request: { headers: ["x-a: 1", "x-secret: 1"] },
  },
  { name: "a prefix for stats", filter: { stat_prefix: "waf" }, grpc: denied({}) },
];

export const authCases: readonly AuthCase[] = [
  ...answers,
  ...errors,
  ...mutations,
  ...routing,
  ...bodies,
  ...checks,
  ...httpCases,
];
