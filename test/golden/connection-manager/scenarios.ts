// Settings of the connection manager and requests to it, each sent on a connection of its own. `record.ts` asks
// the real Envoy; the tests ask ours.

export interface Scenario {
  readonly name: string;
  /** Fields of `HttpConnectionManager`, as in a bootstrap file. */
  readonly hcm: { readonly [field: string]: unknown };
  /** Raw bytes, one per character. */
  readonly requests: readonly string[];
}

/** A request line or path, and header lines. */
function get(path: string, ...headers: string[]): string {
  return `GET ${path} HTTP/1.1\r\nHost: h.com\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;
}

const forwarded = [
  get("/"),
  get("/", "x-forwarded-for: 1.2.3.4"),
  get("/", "x-forwarded-for: 10.0.0.1"),
  get("/", "x-forwarded-for: 1.2.3.4, 5.6.7.8"),
  get("/", "x-forwarded-for: 1.2.3.4,5.6.7.8 , 10.0.0.2 "),
  get("/", "x-forwarded-for: 1.2.3.4", "x-forwarded-for: 5.6.7.8"),
  get("/", "x-forwarded-for: garbage"),
  get("/", "x-forwarded-for: 1.2.3.4, garbage"),
  get("/", "x-forwarded-for: garbage, 1.2.3.4"),
  get("/", "x-forwarded-for: 1.2.3.4:80"),
  get("/", "x-forwarded-for: ::1"),
  get("/", "x-forwarded-for: 2001:DB8::1"),
  get("/", "x-forwarded-for: [2001:db8::1]"),
  get("/", "x-forwarded-for:"),
  get("/", "x-forwarded-for: 1.2.3.4,"),
  get("/", "x-forwarded-proto: https"),
  get("/", "x-forwarded-proto: HTTPS"),
  get("/", "x-forwarded-proto: ftp"),
  get("/", "x-forwarded-proto:"),
  get("/", "x-forwarded-port: 1"),
  get("/", "x-envoy-internal: true"),
  get("/", "x-envoy-external-address: 9.9.9.9"),
];

const envoyHeaders = [
  "x-envoy-retriable-status-codes",
  "x-envoy-retriable-header-names",
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-upstream-alt-stat-name",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-force-trace",
  "x-envoy-ip-tags",
  "x-envoy-original-url",
  "x-envoy-hedge-on-per-try-timeout",
  "x-envoy-decorator-operation",
  "x-envoy-downstream-service-cluster",
  "x-envoy-downstream-service-node",
  "x-envoy-original-path",
  "x-envoy-original-host",
  "x-envoy-internal",
  "x-envoy-unknown",
  "x-only-internal",
].map((name) => `${name}: 1`);

const requestIds = [
  get("/"),
  get("/", "x-request-id: mine"),
  get("/", "x-request-id:"),
  get("/", "x-request-id: 7e8f1a2b-1234-9bcd-8abc-1234567890ab"),
  get("/", "x-request-id: a", "x-request-id: b"),
];

const paths = [
  "/",
  "/a/b",
  "//a//b/",
  "/a/./b",
  "/a/../b",
  "/../a",
  "/a/..",
  "/a/.",
  "/.",
  "/..",
  "/a/%2e%2e/b",
  "/a/%2E/b",
  "/a/.%2e/b",
  "/%41%62%63",
  "/%7e%2d%5f",
  "/%2f",
  "/a%2Fb",
  "/a%5cb",
  "/a\\b",
  "/a\\..\\b",
  "/%5C..%2f",
  "/%zz",
  "/%",
  "/%4",
  "/%00",
  "/%01",
  "/%20%21%25",
  "/a?b/../c",
  "/a?b//c%2f",
  "/a/..?q",
  '/<>"{}|^`',
  "/;,:@&=+$!*'()",
  "/[x]",
  "/caf%C3%A9",
  "/%ff",
  "//",
  "///",
  "/a/b/../../..",
  "/a//../b",
  "/...",
  "/..a",
  "/%c0%af",
];

const hosts = [
  "h.com",
  "H.com",
  "h.com:80",
  "h.com.",
  "h.com.:80",
  "h.com:",
  "[::1]",
  "[::1]:80",
  "1.2.3.4:8080",
  ".",
];

function host(name: string): string {
  return `GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`;
}

export const scenarios: readonly Scenario[] = [
  {
    name: "defaults",
    hcm: {},
    requests: [
      ...forwarded,
      get("/", ...envoyHeaders),
      ...requestIds,
      get("/", "te: trailers"),
      get("/", "te: gzip"),
      get("/", "te: trailers, gzip;q=0.5"),
      get("/", "te: deflate,  trailers"),
      get("/", "te: TRAILERS"),
      get("/", "te: trailersx"),
      get("/", "keep-alive: timeout=5", "proxy-connection: keep-alive", "connection: keep-alive"),
      get("/", "connection: x-secret, x-other", "x-secret: 1", "x-other: 2", "x-third: 3"),
      get("/", "connection: te", "te: trailers"),
      get("/", "connection: close, x-secret", "x-secret: 1"),
      get("/", "connection: x-envoy-foo", "x-envoy-foo: 1"),
      get("/", "upgrade: websocket"),
      get("/", "connection: upgrade"),
      get("/", "connection: upgrade", "upgrade: websocket"),
      get("/", "connection: keep-alive, Upgrade", "upgrade: foo"),
      get(
        "/",
        "connection: upgrade, http2-settings",
        "upgrade: h2c",
        "http2-settings: AAMAAABkAAQ",
      ),
      get("/", "referer: http://a.com/x"),
      get("/", "referer: https://a.com"),
      get("/", "referer: /relative"),
      get("/", "referer: foo"),
      get("/", "referer: ftp://a.com/"),
      get("/", "referer: android-app://a"),
      get("/", "referer: http://"),
      get("/", "referer: http://a.com:99999/"),
      get("/", "referer: about:blank"),
      get("/", "referer: http://a.com/", "referer: http://b.com/"),
      get("/", "referer:"),
      get("/", "x-forwarded-client-cert: By=x;Hash=y"),
      get("/", "expect: something"),
      get("/", "user-agent: curl", "accept: */*", "cookie: a=b", "cookie: c=d"),
      get("/", "x-client-trace-id: 1"),
      get("/", "trailer: x"),
      get("/a#fragment"),
      get("/a?b#fragment"),
      get("http://other.com/p?q"),
      get("http://other.com"),
      get("http://other.com:81?q"),
      get("https://other.com/p"),
      get("https://other.com/p", "x-forwarded-proto: http"),
      "GET http://other.com/p HTTP/1.1\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: h.com\r\n\r\n",
      "GET /p HTTP/1.1\r\n\r\n",
      "GET /p HTTP/1.1\r\nHost:\r\n\r\n",
      "CONNECT h.com:80 HTTP/1.1\r\nHost: h.com:80\r\n\r\n",
      "HEAD /p HTTP/1.1\r\nHost: h.com\r\n\r\n",
      get("/direct/400"),
      get("/direct/200", "content-type: application/grpc"),
      get("/direct/400", "content-type: application/grpc+proto"),
      get("/direct/503", "content-type: application/grpc"),
      get("/direct/204", "content-type: application/grpc"),
      get("/direct/413", "content-type: application/grpc;charset=utf8"),
      get("/direct/404", "content-type: application/grpc-web"),
      "HEAD /direct/503 HTTP/1.1\r\nHost: h.com\r\ncontent-type: application/grpc\r\n\r\n",
      "HEAD /direct/503 HTTP/1.1\r\nHost: h.com\r\n\r\n",
    ],
  },
  {
    name: "remote-address",
    hcm: { use_remote_address: true },
    requests: [...forwarded, get("/", ...envoyHeaders), ...requestIds],
  },
  {
    name: "remote-address-two-hops",
    hcm: { use_remote_address: true, xff_num_trusted_hops: 2, append_x_forwarded_port: true },
    requests: forwarded,
  },
  {
    name: "remote-address-skip-append",
    hcm: { use_remote_address: true, skip_xff_append: true, preserve_external_request_id: true },
    requests: [...forwarded, ...requestIds],
  },
  {
    name: "one-hop",
    hcm: { xff_num_trusted_hops: 1, append_x_forwarded_port: true },
    requests: forwarded,
  },
  {
    name: "internal-remote-address",
    hcm: {
      use_remote_address: true,
      internal_address_config: {
        cidr_ranges: [
          { address_prefix: "127.0.0.0", prefix_len: 8 },
          { address_prefix: "10.0.0.0", prefix_len: 8 },
        ],
      },
    },
    requests: [...forwarded, get("/", ...envoyHeaders), ...requestIds],
  },
  {
    name: "internal-forwarded",
    hcm: {
      internal_address_config: {
        cidr_ranges: [
          { address_prefix: "10.0.0.0", prefix_len: 8 },
          { address_prefix: "2001:db8::", prefix_len: 32 },
        ],
      },
    },
    requests: [
      ...forwarded,
      get("/", "x-forwarded-for: 10.1.1.1", ...envoyHeaders),
      get("/", "x-forwarded-for: 10.1.1.1", "x-envoy-upstream-rq-timeout-ms: 5000"),
      get("/", "x-forwarded-for: 10.1.1.1", "x-envoy-upstream-rq-per-try-timeout-ms: 5000"),
    ],
  },
  {
    name: "identity",
    hcm: {
      add_user_agent: true,
      via: "envoyvia",
      server_name: "front",
      server_header_transformation: "APPEND_IF_ABSENT",
      always_set_request_id_in_response: true,
      generate_request_id: false,
      forward_client_cert_details: "ALWAYS_FORWARD_ONLY",
    },
    requests: [
      ...requestIds,
      get("/", "user-agent: curl"),
      get("/", "user-agent:"),
      get("/", "x-envoy-downstream-service-cluster: them"),
      get("/", "via: 1.1 other"),
      get("/", "x-forwarded-client-cert: By=x;Hash=y", "x-forwarded-client-cert: By=z"),
      get("/response-headers"),
      get("/direct/200"),
    ],
  },
  {
    name: "pass-through-server",
    hcm: { server_header_transformation: "PASS_THROUGH" },
    requests: [get("/response-headers"), get("/direct/200")],
  },
  {
    name: "overwritten-scheme",
    hcm: { scheme_header_transformation: { scheme_to_overwrite: "https" } },
    requests: [get("/"), get("/", "x-forwarded-proto: http"), get("http://other.com/")],
  },
  {
    name: "overwritten-server",
    hcm: {},
    requests: [get("/response-headers")],
  },
  { name: "plain-paths", hcm: {}, requests: paths.map((path) => get(path)) },
  {
    name: "normalized-paths",
    hcm: { normalize_path: true },
    requests: paths.map((path) => get(path)),
  },
  {
    name: "merged-slashes",
    hcm: { merge_slashes: true },
    requests: paths.map((path) => get(path)),
  },
  {
    name: "normalized-and-merged",
    hcm: {
      normalize_path: true,
      merge_slashes: true,
      path_with_escaped_slashes_action: "UNESCAPE_AND_FORWARD",
    },
    requests: paths.map((path) => get(path)),
  },
  {
    name: "escaped-slashes-rejected",
    hcm: { path_with_escaped_slashes_action: "REJECT_REQUEST" },
    requests: paths.map((path) => get(path)),
  },
  {
    name: "escaped-slashes-redirected",
    hcm: { path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT", normalize_path: true },
    requests: [...paths.map((path) => get(path)), get("/a%2fb", "content-type: application/grpc")],
  },
  {
    name: "escaped-slashes-unescaped",
    hcm: { path_with_escaped_slashes_action: "UNESCAPE_AND_FORWARD" },
    requests: paths.map((path) => get(path)),
  },
  { name: "hosts", hcm: {}, requests: hosts.map(host) },
  {
    name: "hosts-without-dot",
    hcm: { strip_trailing_host_dot: true },
    requests: hosts.map(host),
  },
  { name: "hosts-without-any-port", hcm: { strip_any_host_port: true }, requests: hosts.map(host) },
  {
    name: "hosts-without-own-port",
    hcm: { strip_matching_host_port: true },
    requests: [...hosts, "h.com:@PORT@", "[::1]:@PORT@", "h.com.:@PORT@"].map(host),
  },
  {
    name: "http10",
    hcm: { http_protocol_options: { accept_http_10: true, default_host_for_http_10: "ten.com" } },
    requests: [
      "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: h.com\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: h.com\r\nConnection: keep-alive\r\n\r\n",
      "GET /direct/200 HTTP/1.0\r\nHost: h.com\r\nConnection: Keep-Alive\r\n\r\n",
      "GET /direct/200 HTTP/1.0\r\nHost: h.com\r\n\r\n",
    ],
  },
];
