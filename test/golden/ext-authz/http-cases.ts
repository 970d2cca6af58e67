import { type AuthCase, exact, httpAnswer, partial, post, there, withBody } from "./auth-case.ts";

const backOff = { retry_back_off: { base_interval: "0.001s" } };
const retries = { retry_on: "5xx", num_retries: 2, ...backOff };
const okHeaders = ["x-a: 1", "x-a: 2", "x-b: 3", "set-cookie: c=1", "location: /l"];
/** With an HTTP service. */
export const httpCases: readonly AuthCase[] = [
  {
    name: "http: ok",
    http: httpAnswer("200 OK", okHeaders, "ignored"),
    request: {
      method: "POST",
      target: "/p?q=1",
      headers: ["x-a: 1", "authorization: a", "cookie: c"],
      body: "body",
    },
  },
  {
    name: "http: what is sent",
    httpService: {
      path_prefix: "/check",
      authorization_request: {
        headers_to_add: [
          { key: "x-added", value: "yes" },
          { key: "x-from", value: "%REQ(x-a)%" },
          { key: "x-b", value: "replaced" },
        ],
      },
    },
    filter: { allowed_headers: { patterns: [{ prefix: "X-", ignore_case: true }] } },
    http: httpAnswer("200 OK"),
    request: { target: "/p?q=1", headers: ["x-a: 1", "x-b: 2", "x-a: 3", "y: 4"] },
  },
  {
    name: "http: another path",
    httpService: { path_override: "/fixed" },
    http: httpAnswer("200 OK"),
    request: { target: "/p?q=1" },
  },
  {
    name: "http: what goes upstream",
    httpService: {
      authorization_response: {
        allowed_upstream_headers: exact("x-set", "x-there-0"),
        allowed_upstream_headers_to_append: exact("x-append", "x-there-1"),
        allowed_client_headers_on_success: exact("x-client", "x-up"),
        dynamic_metadata_from_headers: { patterns: [{ prefix: "x-meta" }] },
      },
    },
    http: httpAnswer("200 OK", [
      "x-set: 1",
      "x-there-0: new",
      "x-append: 1",
      "x-there-1: new",
      "x-client: 1",
      "x-up: 2",
      "x-meta-a: 1",
      "x-meta-b: 2",
      "x-other: 1",
      "x-envoy-auth-headers-to-remove: x-there-2, x-there-3 ,host",
    ]),
    request: { headers: there },
  },
  {
    name: "http: denied",
    http: httpAnswer(
      "401 Unauthorized",
      [...okHeaders, "www-authenticate: Basic", "content-type: text/x"],
      "no",
    ),
  },
  {
    name: "http: denied with some headers",
    httpService: { authorization_response: { allowed_client_headers: exact("x-a") } },
    http: httpAnswer(
      "302 Found",
      [...okHeaders, "www-authenticate: Basic", "content-type: text/x"],
      "no",
    ),
  },
  { name: "http: denied without a body", http: httpAnswer("403 Forbidden") },
  { name: "http: another success", http: httpAnswer("204 No Content") },
  { name: "http: an error", http: httpAnswer("500 Internal Server Error", ["x-a: 1"], "oops") },
  {
    name: "http: an error that is let through",
    filter: { failure_mode_allow: true, failure_mode_allow_header_add: true },
    http: httpAnswer("503 Service Unavailable"),
  },
  { name: "http: no answer", httpService: {}, slow: true },
  { name: "http: no service", httpService: {}, dead: true },
  {
    name: "http: retried",
    httpService: { retry_policy: retries },
    http: [httpAnswer("503 Service Unavailable"), httpAnswer("500 Oh"), httpAnswer("200 OK")],
    request: { headers: ["authorization: a"] },
  },
  {
    name: "http: retried after what comes from gateways",
    httpService: { retry_policy: { retry_on: "gateway-error", num_retries: 5, ...backOff } },
    http: [
      httpAnswer("502 Bad Gateway"),
      httpAnswer("503 Service Unavailable"),
      httpAnswer("504 Gateway Timeout"),
      httpAnswer("500 Oh"),
    ],
  },
  {
    name: "http: retried once",
    httpService: { retry_policy: { retry_on: "5xx", ...backOff } },
    http: httpAnswer("503 Service Unavailable"),
  },
  {
    name: "http: retries without a condition",
    httpService: { retry_policy: { num_retries: 2, ...backOff } },
    http: httpAnswer("503 Service Unavailable"),
  },
  {
    name: "http: retried in vain",
    httpService: { retry_policy: retries },
    http: httpAnswer("503 Service Unavailable"),
  },
  {
    name: "http: denied, not retried",
    httpService: { retry_policy: retries },
    http: httpAnswer("429 Too Many Requests"),
  },
  { name: "http: no service, retried", httpService: { retry_policy: retries }, dead: true },
  {
    name: "http: no answer, retried",
    httpService: { retry_policy: retries },
    slow: true,
  },
  {
    name: "http: a body, retried",
    filter: withBody(100),
    httpService: { retry_policy: retries },
    http: [httpAnswer("503 Service Unavailable"), httpAnswer("200 OK")],
    request: post("0123456789"),
  },
  { name: "http: no HTTP", http: "garbage\r\n\r\n" },
  {
    name: "http: a body",
    filter: withBody(100),
    http: httpAnswer("200 OK"),
    request: post("0123456789"),
  },
  {
    name: "http: a body of bytes",
    filter: withBody(100, { pack_as_bytes: true }),
    http: httpAnswer("200 OK"),
    request: post("a\xffb"),
  },
  {
    name: "http: a body that is not UTF-8",
    filter: withBody(100),
    http: httpAnswer("200 OK"),
    request: post("a\xffb"),
  },
  {
    name: "http: denied, chunked",
    http: "HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\nx-a: 1\r\n\r\n2\r\nno\r\n0\r\n\r\n",
  },
  {
    name: "http: a part of a body",
    filter: withBody(4, partial),
    http: httpAnswer("200 OK"),
    request: post("0123456789"),
  },
  {
    name: "http: raw headers",
    filter: { encode_raw_headers: true, allowed_headers: { patterns: [{ prefix: "x-" }] } },
    http: httpAnswer("200 OK"),
    request: { headers: ["x-twice: 1", "x-twice: 2", "x-bytes: a\xffb"] },
  },
  {
    name: "http: bytes in headers",
    filter: { allowed_headers: { patterns: [{ prefix: "x-" }] } },
    http: httpAnswer("200 OK"),
    request: { headers: ["x-twice: 1", "x-twice: 2", "x-bytes: a\xffb"] },
  },
  {
    name: "http: a route with extensions",
    route: { check_settings: { context_extensions: { a: "1" } } },
    http: httpAnswer("200 OK"),
  },
];
