/**
 * What `record.ts` asks a real Envoy: route configurations (as JSON of `RouteConfiguration`), each with requests.
 * Clusters `a`, `b` and `c` exist and answer with the head they received.
 */
export interface Scenario {
  readonly name: string;
  readonly routeConfig: object;
  readonly requests: readonly GoldenRequest[];
}

export interface GoldenRequest {
  readonly method?: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

const say = (text: string) => ({ direct_response: { status: 200, body: { inline_string: text } } });
const get = (path: string, ...headers: (readonly [string, string])[]): GoldenRequest => ({
  path,
  headers,
});
const at = (host: string, path = "/"): GoldenRequest => ({ host, path });
const virtualHost = (routes: readonly object[], more: object = {}) => ({
  name: "v",
  domains: ["*"],
  routes,
  ...more,
});

const domains: Scenario = {
  name: "domains",
  routeConfig: {
    name: "rc",
    virtual_hosts: [
      ["any", ["*"]],
      ["exact", ["foo.com", "UPPER.com", "port.com:8080"]],
      ["suffix", ["*.foo.com", "*-bar.foo.com", "*.long.foo.com"]],
      ["prefix", ["foo.*", "foo-*", "foo.long.*"]],
      ["literal", ["a*b", "[::1]"]],
    ].map(([name, list]) => ({
      name,
      domains: list,
      routes: [{ match: { prefix: "/" }, ...say(name as string) }],
    })),
  },
  requests: (
    "foo.com FOO.com upper.COM port.com:8080 port.com port.com:80 x.foo.com .foo.com " +
    "x-bar.foo.com -bar.foo.com y.long.foo.com foo.org foo. foo-x foo.long.org " +
    "foo.foo.com a*b axb other [::1] [::1]:80 foo.com:10000 x.foo.com:80"
  )
    .split(" ")
    .map((host) => at(host)),
};

const domainsWithoutPort: Scenario = {
  name: "domains-ignoring-port",
  routeConfig: {
    name: "rc",
    ignore_port_in_host_matching: true,
    virtual_hosts: [
      { name: "e", domains: ["foo.com", "[::1]"] },
      { name: "p", domains: ["bar.com:80"] },
      { name: "s", domains: ["*.foo.com"] },
    ].map((host) => ({ ...host, routes: [{ match: { prefix: "/" }, ...say(host.name) }] })),
  },
  requests: "foo.com foo.com:80 bar.com:80 bar.com x.foo.com:99 [::1] [::1]:80"
    .split(" ")
    .map((host) => at(host)),
};

const paths: Scenario = {
  name: "paths",
  routeConfig: {
    name: "rc",
    virtual_hosts: [
      virtualHost([
        { match: { path: "/exact" }, ...say("path") },
        { match: { path: "/Case", case_sensitive: false }, ...say("path any case") },
        { match: { path_separated_prefix: "/api" }, ...say("separated") },
        {
          match: { path_separated_prefix: "/Mixed", case_sensitive: false },
          ...say("separated any case"),
        },
        { match: { prefix: "/pre" }, ...say("prefix") },
        { match: { prefix: "/Pre", case_sensitive: false }, ...say("prefix any case") },
        { match: { prefix: "/q?x=1" }, ...say("never") },
        { match: { path: "/never?x" }, ...say("never") },
        {
          match: {
            prefix: "/post",
            headers: [{ name: ":method", string_match: { exact: "POST" } }],
          },
          ...say("post"),
        },
        {
          match: { prefix: "/half", runtime_fraction: { default_value: { numerator: 0 } } },
          ...say("never"),
        },
        {
          match: {
            prefix: "/half",
            runtime_fraction: { default_value: { numerator: 1000000, denominator: "MILLION" } },
          },
          ...say("always"),
        },
        { match: { prefix: "/grpc", grpc: {} }, ...say("grpc") },
      ]),
    ],
  },
  requests: (
    "/exact /exact?q /exact/ /Exact /case /CASE?x /cases /api /api/ /api/x /api?x /apiv2 " +
    "/API /mixed/x /MIXED /mixedup /pre /prefix/more /PREfix /q?x=1 /never?x /half / " +
    "/exac%74"
  )
    .split(" ")
    .map((path): GoldenRequest => get(path))
    .concat([
      { method: "POST", path: "/post", headers: [["content-length", "0"]] },
      get("/post"),
      get("/grpc"),
      get("/grpc", ["content-type", "application/grpc"]),
      get("/grpc", ["content-type", "application/grpc+proto"]),
      get("/grpc", ["content-type", "application/grpc-web"]),
    ]),
};

const matchers: Record<string, object> = {
  exact: { string_match: { exact: "one" } },
  "exact-any-case": { string_match: { exact: "one", ignore_case: true } },
  "exact-empty": { string_match: { exact: "" } },
  prefix: { string_match: { prefix: "on" } },
  "prefix-any-case": { string_match: { prefix: "ON", ignore_case: true } },
  suffix: { string_match: { suffix: "ne" } },
  "suffix-any-case": { string_match: { suffix: "NE", ignore_case: true } },
  contains: { string_match: { contains: "n" } },
  "contains-any-case": { string_match: { contains: "N", ignore_case: true } },
  "not-exact": { string_match: { exact: "one" }, invert_match: true },
  "not-exact-empty": {
    string_match: { exact: "one" },
    invert_match: true,
    treat_missing_header_as_empty: true,
  },
  "exact-empty-missing": { string_match: { exact: "" }, treat_missing_header_as_empty: true },
  present: { present_match: true },
  absent: { present_match: false },
  "not-present": { present_match: true, invert_match: true },
  "not-absent": { present_match: false, invert_match: true },
  "present-empty": { present_match: true, treat_missing_header_as_empty: true },
  "absent-empty": { present_match: false, treat_missing_header_as_empty: true },
  nothing: {},
  "nothing-inverted": { invert_match: true },
  range: { range_match: { start: -5, end: 10 } },
  "not-range": { range_match: { start: -5, end: 10 }, invert_match: true },
  "range-empty": { range_match: { start: 0, end: 1 }, treat_missing_header_as_empty: true },
  "old-exact": { exact_match: "one" },
  "old-prefix": { prefix_match: "on" },
  "old-suffix": { suffix_match: "ne" },
  "old-contains": { contains_match: "n" },
};
const headerVariants: (readonly [string, string])[][] = [
  [],
  [["x", "one"]],
  [["x", "ONE"]],
  [["x", ""]],
  [["x", "two"]],
  [["x", "only"]],
  [
    ["x", "one"],
    ["x", "two"],
  ],
  [
    ["x", "two"],
    ["x", "one"],
  ],
  [["x", "9"]],
  [["x", "10"]],
  [["x", "-5"]],
  [["x", "+3"]],
  [["x", "3x"]],
  [["x", "3.5"]],
  [["x", "9223372036854775808"]],
  [
    ["x", "50"],
    ["x", "5"],
  ],
];
const headerMatchers: Scenario = {
  name: "header-matchers",
  routeConfig: {
    name: "rc",
    virtual_hosts: [
      virtualHost([
        ...Object.entries(matchers).map(([name, matcher]) => ({
          match: { path: `/${name}`, headers: [{ name: "X", ...matcher }] },
          ...say("match"),
        })),
        {
          match: {
            path: "/two",
            headers: [
              { name: "x", present_match: true },
              { name: "y", present_match: true },
            ],
          },
          ...say("match"),
        },
        {
          match: { path: "/host", headers: [{ name: "host", string_match: { exact: "h" } }] },
          ...say("match"),
        },
        {
          match: {
            path: "/authority",
            headers: [{ name: ":authority", string_match: { exact: "h" } }],
          },
          ...say("match"),
        },
        {
          match: { path: "/query", headers: [{ name: ":path", string_match: { suffix: "?a" } }] },
          ...say("match"),
        },
      ]),
    ],
  },
  requests: [
    ...Object.keys(matchers).flatMap((name) =>
      headerVariants.map((headers) => get(`/${name}`, ...headers)),
    ),
    get("/two", ["x", "1"]),
    get("/two", ["x", "1"], ["y", "1"]),
    at("h", "/host"),
    at("i", "/host"),
    at("h", "/authority"),
    get("/query?a"),
    get("/query"),
  ],
};

const queryMatchers: Record<string, object> = {
  exact: { string_match: { exact: "one" } },
  prefix: { string_match: { prefix: "on", ignore_case: true } },
  contains: { string_match: { contains: "n" } },
  empty: { string_match: { exact: "" } },
  present: { present_match: true },
  absent: { present_match: false },
  nothing: {},
};
const queryParameters: Scenario = {
  name: "query-parameters",
  routeConfig: {
    name: "rc",
    virtual_hosts: [
      virtualHost(
        Object.entries(queryMatchers).map(([name, matcher]) => ({
          match: { path: `/${name}`, query_parameters: [{ name: "x", ...matcher }] },
          ...say("match"),
        })),
      ),
    ],
  },
  requests: Object.keys(queryMatchers).flatMap((name) =>
    [
      "",
      "?",
      "?x",
      "?x=",
      "?x=one",
      "?x=ONE",
      "?x=two&x=one",
      "?x=one&x=two",
      "?a=1&x=one&b",
      "?X=one",
      "?y&x",
      "?x=%6fne",
      "?x=a=one",
      "?&&x=one",
    ].map((query) => get(`/${name}${query}`)),
  ),
};

const redirects: Record<string, object> = {
  nothing: {},
  https: { https_redirect: true },
  scheme: { scheme_redirect: "ftp" },
  host: { host_redirect: "new.com" },
  "host-port": { host_redirect: "new.com", port_redirect: 8443 },
  port: { port_redirect: 8443 },
  "https-port": { https_redirect: true, port_redirect: 443 },
  path: { path_redirect: "/new" },
  "path-query": { path_redirect: "/new?a=b" },
  "path-strip": { path_redirect: "/new", strip_query: true },
  "path-query-strip": { path_redirect: "/new?a=b", strip_query: true },
  "path-bare": { path_redirect: "new" },
  strip: { strip_query: true },
  prefix: { prefix_rewrite: "/rewritten" },
  "prefix-query": { prefix_rewrite: "/rewritten", strip_query: true },
  "prefix-empty": { prefix_rewrite: "" },
  all: { https_redirect: true, host_redirect: "new.com", path_redirect: "/new", strip_query: true },
  found: { response_code: "FOUND" },
  "see-other": { response_code: "SEE_OTHER" },
  temporary: { response_code: "TEMPORARY_REDIRECT" },
  permanent: { response_code: "PERMANENT_REDIRECT" },
};
const redirectTargets: Scenario = {
  name: "redirects",
  routeConfig: {
    name: "rc",
    response_headers_to_add: [{ header: { key: "x-added", value: "rc %RESPONSE_CODE%" } }],
    virtual_hosts: [
      virtualHost([
        ...Object.entries(redirects).map(([name, redirect]) => ({
          match: { path_separated_prefix: `/${name}` },
          redirect,
        })),
        { match: { path: "/exact" }, redirect: { prefix_rewrite: "/rewritten" } },
      ]),
    ],
  },
  requests: [
    ...Object.keys(redirects).flatMap((name) => [
      at("old.com", `/${name}`),
      at("old.com:80", `/${name}/more?q=1`),
      at("old.com:443", `/${name}`),
      at("old.com:1234", `/${name}?q`),
      at("[::1]:80", `/${name}`),
      at("[::1]", `/${name}`),
    ]),
    at("old.com", "/exact?q"),
  ],
};

const directResponses: Scenario = {
  name: "direct-responses",
  routeConfig: {
    name: "rc",
    response_headers_to_add: [{ header: { key: "x-level", value: "rc" } }],
    virtual_hosts: [
      virtualHost(
        [
          ...[200, 201, 204, 205, 301, 304, 308, 400, 404, 500, 599].map((status) => ({
            match: { path: `/${status}` },
            direct_response: { status, body: { inline_string: "body" } },
          })),
          { match: { path: "/empty" }, direct_response: { status: 200 } },
          {
            match: { path: "/bytes" },
            direct_response: { status: 200, body: { inline_bytes: "/wAB" } },
          },
          {
            match: { path: "/headers" },
            direct_response: { status: 200 },
            response_headers_to_add: [
              { header: { key: "x-level", value: "route" } },
              {
                header: { key: "content-type", value: "text/x" },
                append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
              },
              { header: { key: "x-code", value: "%RESPONSE_CODE%" } },
            ],
          },
        ],
        { response_headers_to_add: [{ header: { key: "x-level", value: "vh" } }] },
      ),
    ],
  },
  requests: [
    ...[200, 201, 204, 205, 301, 304, 308, 400, 404, 500, 599].map((status) => get(`/${status}?q`)),
    get("/empty"),
    get("/bytes"),
    get("/headers"),
  ],
};

const rewrites: Scenario = {
  name: "rewrites",
  routeConfig: {
    name: "rc",
    virtual_hosts: [
      virtualHost(
        [
          { match: { prefix: "/prefix/" }, route: { cluster: "a", prefix_rewrite: "/" } },
          {
            match: { prefix: "/Any", case_sensitive: false },
            route: { cluster: "a", prefix_rewrite: "/x" },
          },
          { match: { path: "/exact" }, route: { cluster: "a", prefix_rewrite: "/whole" } },
          {
            match: { path_separated_prefix: "/sep" },
            route: { cluster: "a", prefix_rewrite: "/new" },
          },
          {
            match: { path_separated_prefix: "/root" },
            route: { cluster: "a", prefix_rewrite: "/" },
          },
          { match: { prefix: "/empty" }, route: { cluster: "a", prefix_rewrite: "" } },
          { match: { prefix: "/bare" }, route: { cluster: "a", prefix_rewrite: "x" } },
          { match: { prefix: "/host" }, route: { cluster: "a", host_rewrite_literal: "new.com" } },
          {
            match: { prefix: "/xfh" },
            route: { cluster: "a", host_rewrite_literal: "new.com", append_x_forwarded_host: true },
          },
          {
            match: { prefix: "/from-header" },
            route: { cluster: "a", host_rewrite_header: "X-Host" },
          },
          {
            match: { prefix: "/both-header" },
            route: {
              cluster: "a",
              host_rewrite_header: "x-host",
              append_x_forwarded_host: true,
              prefix_rewrite: "/b",
            },
          },
          {
            match: { prefix: "/sees" },
            route: { cluster: "a", host_rewrite_literal: "new.com", prefix_rewrite: "/seen" },
            request_headers_to_add: [
              { header: { key: "x-path", value: "%REQ(:PATH)%" } },
              { header: { key: "x-host", value: "%REQ(:AUTHORITY)%" } },
              { header: { key: "x-original", value: "%REQ(X-ENVOY-ORIGINAL-PATH)%" } },
            ],
          },
          {
            match: { prefix: "/by-header" },
            route: { cluster: "a", host_rewrite_header: "x-made" },
            request_headers_to_add: [{ header: { key: "x-made", value: "made.com" } }],
          },
          {
            match: { prefix: "/alone" },
            route: { cluster: "a", append_x_forwarded_host: true },
          },
        ],
        {},
      ),
    ],
  },
  requests: (
    "/prefix/ /prefix/a/b?c=d /any/x /ANYthing /exact /exact?x=/exact /sep /sep/x?y /root " +
    "/root/x /root?x /empty/x /bare/x /host/x /sees/x?y /by-header"
  )
    .split(" ")
    .map((path): GoldenRequest => get(path))
    .concat([
      get("/xfh"),
      get("/alone"),
      get("/xfh", ["x-forwarded-host", "first.com"]),
      get("/xfh", ["x-forwarded-host", "first.com,h.com"]),
      get("/xfh", ["x-forwarded-host", "first.com, h.com"]),
      get("/from-header"),
      get("/from-header", ["x-host", ""]),
      get("/from-header", ["x-host", "given.com"]),
      get("/from-header", ["x-host", "given.com"], ["x-host", "second.com"]),
      get("/both-header", ["x-host", "given.com"]),
      get("/both-header"),
      get("/prefix/x", ["x-envoy-original-path", "/client"]),
    ]),
};

const add = (key: string, value: string, more: object = {}) => ({
  header: { key, value },
  ...more,
});
const levels = (level: string) => ({
  request_headers_to_add: [
    add("x-append", level),
    add("x-overwrite", level, { append_action: "OVERWRITE_IF_EXISTS_OR_ADD" }),
    add("x-absent", level, { append_action: "ADD_IF_ABSENT" }),
    add("x-exists", level, { append_action: "OVERWRITE_IF_EXISTS" }),
  ],
  response_headers_to_add: [
    add("y-append", level),
    add("y-overwrite", level, { append_action: "OVERWRITE_IF_EXISTS_OR_ADD" }),
    add("y-absent", level, { append_action: "ADD_IF_ABSENT" }),
    add("content-length", "1", { append_action: "ADD_IF_ABSENT" }),
  ],
});
const mutationRoutes = [
  { match: { path: "/levels" }, route: { cluster: "a" }, ...levels("route") },
  {
    match: { path: "/weighted" },
    route: {
      weighted_clusters: {
        header_name: "x-pick",
        clusters: [
          {
            name: "a",
            weight: 1,
            ...levels("weight-a"),
            request_headers_to_remove: ["x-gone"],
            host_rewrite_literal: "weight.com",
          },
          { name: "b", weight: 2, response_headers_to_remove: ["x-cluster"] },
          { cluster_header: "x-to", weight: 1 },
        ],
      },
    },
    ...levels("route"),
  },
];
const mutations = (name: string, mostSpecificWins: boolean): Scenario => ({
  name,
  routeConfig: {
    name: "rc",
    most_specific_header_mutations_wins: mostSpecificWins,
    virtual_hosts: [virtualHost(mutationRoutes, levels("vh"))],
    ...levels("rc"),
  },
  requests: [
    get("/levels"),
    get(
      "/levels",
      ["x-append", "client"],
      ["x-overwrite", "client"],
      ["x-absent", "client"],
      ["x-exists", "client"],
    ),
    get("/weighted", ["x-pick", "0"], ["x-gone", "1"]),
    get("/weighted", ["x-pick", "1"], ["x-gone", "1"]),
    get("/weighted", ["x-pick", "2"]),
    get("/weighted", ["x-pick", "3"], ["x-to", "c"]),
    get("/weighted", ["x-pick", "3"]),
    get("/weighted", ["x-pick", "5"]),
  ],
});

const requestNames = (
  "user-agent x-forwarded-for accept cookie content-type x-request-id via referer " +
  "x-forwarded-host authorization origin accept-encoding te x-client-trace-id"
).split(" ");
const responseNames = (
  "server content-type set-cookie via location cache-control etag x-request-id vary " +
  "content-encoding x-envoy-upstream-service-time date"
).split(" ");

const mutationDetails: Scenario = {
  name: "mutation-details",
  routeConfig: {
    name: "rc",
    virtual_hosts: [
      virtualHost([
        {
          match: { path: "/remove" },
          route: { cluster: "a" },
          request_headers_to_remove: ["X-One", "user-agent", "x-two"],
          request_headers_to_add: [add("x-two", "new")],
          response_headers_to_remove: ["x-cluster", "server"],
        },
        {
          match: { path: "/empty" },
          route: { cluster: "a" },
          request_headers_to_add: [
            add("x-empty", ""),
            add("x-kept", "", { keep_empty_value: true }),
            add("x-unset", "%REQ(x-no-such)%"),
            add("x-unset-kept", "%REQ(x-no-such)%", { keep_empty_value: true }),
            add("x-mixed", "a%REQ(x-no-such)%b"),
            add("x-percent", "100%%"),
          ],
        },
        {
          match: { path: "/order" },
          route: { cluster: "a" },
          request_headers_to_add: [
            add("x-b", "%REQ(x-a)%"),
            add("x-a", "changed", { append_action: "OVERWRITE_IF_EXISTS_OR_ADD" }),
            add("x-c", "%REQ(x-a)%"),
            add("x-a", "second"),
            add("x-twice", "1", { append_action: "ADD_IF_ABSENT" }),
            add("x-twice", "2", { append_action: "ADD_IF_ABSENT" }),
          ],
        },
        {
          match: { path: "/joined" },
          route: { cluster: "a" },
          request_headers_to_add: requestNames.map((key) => add(key, "more")),
          response_headers_to_add: responseNames.map((key) => add(key, "more")),
        },
        {
          match: { path: "/old-append" },
          route: { cluster: "a" },
          request_headers_to_add: [
            { header: { key: "x-one", value: "over" }, append: false },
            { header: { key: "x-two", value: "add" }, append: true },
          ],
        },
        {
          match: { path: "/operators" },
          route: { cluster: "a" },
          request_headers_to_add: [
            add("x-protocol", "%PROTOCOL%"),
            add("x-method", "%REQ(:METHOD)%"),
            add("x-address", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            add("x-max", "%REQ(:PATH):4%"),
          ],
          response_headers_to_add: [
            add("y-code", "%RESPONSE_CODE%"),
            add("y-cluster", "%UPSTREAM_CLUSTER%"),
          ],
        },
      ]),
    ],
  },
  requests: [
    get("/remove", ["x-one", "1"], ["x-one", "2"], ["user-agent", "u"], ["x-two", "old"]),
    get("/empty"),
    get("/order", ["x-a", "original"]),
    get(
      "/joined",
      ...requestNames.filter((key) => key !== "te").map((key) => [key, "1.2.3.4"] as const),
      ["te", "trailers"],
    ),
    get("/old-append", ["x-one", "1"], ["x-two", "2"]),
    get("/operators"),
  ],
};

const clusters: Scenario = {
  name: "clusters",
  routeConfig: {
    name: "rc",
    validate_clusters: false,
    internal_only_headers: ["X-Secret"],
    virtual_hosts: [
      virtualHost([
        { match: { path: "/header" }, route: { cluster_header: "X-To" } },
        { match: { path: "/host" }, route: { cluster_header: ":authority" } },
        { match: { path: "/unknown" }, route: { cluster: "none" } },
        {
          match: { path: "/404" },
          route: { cluster: "none", cluster_not_found_response_code: "NOT_FOUND" },
        },
        {
          match: { path: "/500" },
          route: { cluster: "none", cluster_not_found_response_code: "INTERNAL_SERVER_ERROR" },
        },
        { match: { prefix: "/timeout" }, route: { cluster: "a", timeout: "2.5s" } },
        { match: { prefix: "/no-timeout" }, route: { cluster: "a", timeout: "0s" } },
      ]),
    ],
  },
  requests: [
    get("/header"),
    get("/header", ["x-to", ""]),
    get("/header", ["x-to", "b"]),
    get("/header", ["x-to", "b"], ["x-to", "c"]),
    get("/header", ["x-to", "nope"]),
    at("c", "/host"),
    get("/unknown"),
    get("/404"),
    get("/500"),
    get("/timeout", ["x-secret", "1"]),
    get("/no-timeout"),
  ],
};

const attempts: Scenario = {
  name: "attempt-counts",
  routeConfig: {
    name: "rc",
    virtual_hosts: [
      {
        name: "both",
        domains: ["both"],
        include_request_attempt_count: true,
        include_attempt_count_in_response: true,
        routes: [
          { match: { path: "/local" }, route: { cluster: "none" } },
          { match: { path: "/direct" }, ...say("direct") },
          { match: { prefix: "/" }, route: { cluster: "a" } },
        ],
      },
    ],
    validate_clusters: false,
  },
  requests: [
    at("both"),
    at("both", "/local"),
    at("both", "/direct"),
    { host: "both", path: "/", headers: [["x-envoy-attempt-count", "7"]] },
  ],
};

const tls: Scenario = {
  name: "require-tls",
  routeConfig: {
    name: "rc",
    response_headers_to_add: [add("x-added", "1")],
    virtual_hosts: [
      {
        name: "all",
        domains: ["all", "all:80", "all:8080"],
        require_tls: "ALL",
        routes: [{ match: { path: "/x" }, ...say("all") }],
      },
      {
        name: "external",
        domains: ["external"],
        require_tls: "EXTERNAL_ONLY",
        routes: [{ match: { path: "/x" }, ...say("external") }],
      },
    ],
  },
  requests: [
    at("all", "/x?q"),
    at("all:80", "/x"),
    at("all:8080", "/x"),
    at("all", "/none"),
    at("external", "/x"),
    { host: "all", path: "/x", headers: [["x-forwarded-proto", "https"]] },
  ],
};

export const scenarios: readonly Scenario[] = [
  domains,
  domainsWithoutPort,
  paths,
  headerMatchers,
  queryParameters,
  redirectTargets,
  directResponses,
  rewrites,
  mutations("mutations", false),
  mutations("mutations-most-specific-wins", true),
  mutationDetails,
  clusters,
  attempts,
  tls,
];
