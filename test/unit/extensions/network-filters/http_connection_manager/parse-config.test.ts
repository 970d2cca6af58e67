import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type {
  ExtensionConfig,
  FilterChainConfig,
} from "../../../../../host/src/contracts/config/snapshot.ts";
import { registry } from "../../../../../host/src/extensions/all.ts";
import type { HcmConfig } from "../../../../../host/src/http/connection-manager/config.ts";
import { loadBootstrap } from "../../../../../host/src/server/bootstrap.ts";
import { defaultHcmConfig } from "../../../../support/hcm-server.ts";
import { defaultHttp2Settings } from "../../../../support/http2.ts";

type Json = { readonly [key: string]: unknown };
const types = "type.googleapis.com/envoy.extensions.filters";
const router = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": `${types}.http.router.v3.Router` },
};
const lua = {
  name: "lua",
  typed_config: {
    "@type": `${types}.http.lua.v3.Lua`,
    default_source_code: { inline_string: "function envoy_on_request(h) end" },
  },
};
const routes = {
  virtual_hosts: [
    {
      name: "v",
      domains: ["*"],
      routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
    },
  ],
};

/** Loads a bootstrap around these fields: the parsed configuration, or the problems as texts. */
function load(fields: Json): { config?: HcmConfig; problems: string[]; warnings: string[] } {
  const hcm = {
    "@type": `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "p",
    route_config: routes,
    http_filters: [router],
    ...fields,
  };
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const listener = {
    name: "l",
    address,
    filter_chains: [{ filters: [{ name: "hcm", typed_config: hcm }] }],
  };
  const bootstrap = {
    node: { id: "node-1", cluster: "cluster-1" },
    static_resources: { listeners: [listener] },
  };
  const configYaml = JSON.stringify(bootstrap);
  const loaded = loadBootstrap({ configYaml, registry, version: "0" });
  if (!loaded.ok) {
    const problems = loaded.error.map((each) => `${each.path}: ${each.text}`);
    return { problems, warnings: [] };
  }
  const chain: FilterChainConfig = loaded.value.listeners[0]!.filterChains[0]!;
  const warnings = loaded.value.warnings.map((each) => each.text);
  const manager = chain.filters[0] as ExtensionConfig;
  return { config: manager.config as HcmConfig, problems: [], warnings };
}

describe("parseConfig()", () => {
  test("gives the key of the subscription when the routes come by discovery", () => {
    const source = { path_config_source: { path: import.meta.filename } };
    const rds = { route_config_name: "r", config_source: source };
    const { config, problems } = load({ route_config: undefined, rds });
    assert.deepEqual(problems, []);
    assert.equal(config?.routeConfig, undefined);
    assert.match(config?.routeDiscovery?.key ?? "", /^r@[0-9a-f]{16}$/);
  });

  test("gives Envoy's defaults for what is not set", () => {
    const { config, problems } = load({});
    assert.deepEqual(problems, []);
    assert.deepEqual(
      { ...config, routeConfig: undefined, httpFilters: [] },
      { ...defaultHcmConfig, httpFilters: [] },
    );
    assert.deepEqual(
      config?.httpFilters.map(({ name, disabled }) => ({ name, disabled })),
      [{ name: router.name, disabled: false }],
    );
  });

  test("reads every field that works", () => {
    const { config, problems } = load({
      codec_type: "HTTP1",
      add_user_agent: true,
      common_http_protocol_options: {
        idle_timeout: "1s",
        max_connection_duration: "2s",
        max_connection_duration_jitter: { value: 10 },
        max_headers_count: 7,
        max_stream_duration: "3s",
        headers_with_underscores_action: "DROP_HEADER",
        max_requests_per_connection: 9,
      },
      http_protocol_options: {
        allow_absolute_url: false,
        accept_http_10: true,
        default_host_for_http_10: "ten",
        header_key_format: { proper_case_words: {} },
        enable_trailers: true,
        allow_chunked_length: true,
        override_stream_error_on_invalid_http_message: false,
      },
      server_name: "me",
      server_header_transformation: "PASS_THROUGH",
      scheme_header_transformation: { scheme_to_overwrite: "https" },
      max_request_headers_kb: 8,
      stream_idle_timeout: "0s",
      request_timeout: "4s",
      request_headers_timeout: "0.5s",
      drain_timeout: "6s",
      delayed_close_timeout: "0s",
      use_remote_address: true,
      xff_num_trusted_hops: 2,
      internal_address_config: {
        unix_sockets: true,
        cidr_ranges: [
          { address_prefix: "10.0.0.0", prefix_len: 8 },
          { address_prefix: "2001:DB8::", prefix_len: 32 },
          { address_prefix: "1.2.3.4", prefix_len: 99 },
        ],
      },
      skip_xff_append: true,
      via: "v",
      generate_request_id: false,
      preserve_external_request_id: true,
      always_set_request_id_in_response: true,
      forward_client_cert_details: "ALWAYS_FORWARD_ONLY",
      proxy_100_continue: true,
      normalize_path: true,
      merge_slashes: true,
      path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT",
      request_id_extension: {
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
          pack_trace_reason: false,
        },
      },
      strip_any_host_port: true,
      stream_error_on_invalid_http_message: false,
      strip_trailing_host_dot: true,
      append_x_forwarded_port: true,
    });
    assert.deepEqual(problems, []);
    const expected: HcmConfig = {
      statPrefix: "p",
      routeConfig: undefined,
      httpFilters: [],
      accessLogs: [],
      http1: {
        maxHeadersBytes: 8192,
        maxHeadersCount: 7,
        acceptHttp10: true,
        defaultHostForHttp10: "ten",
        allowAbsoluteUrl: false,
        enableTrailers: true,
        allowChunkedLength: true,
        headerKeyFormat: "proper-case",
        underscoresInHeaders: "drop",
        streamErrorOnInvalidHttpMessage: false,
        upgrades: false,
      },
      codecType: "HTTP1",
      upgrades: [],
      http2: {
        ...defaultHttp2Settings,
        maxHeadersBytes: 8192,
        maxHeadersCount: 7,
        underscoresInHeaders: "drop",
      },
      maxRequestsPerConnection: 9,
      streamIdleTimeoutMs: 0,
      requestTimeoutMs: 4000,
      requestHeadersTimeoutMs: 500,
      maxStreamDurationMs: 3000,
      idleTimeoutMs: 1000,
      maxConnectionDurationMs: 2000,
      maxConnectionDurationJitterPercent: 10,
      drainTimeoutMs: 6000,
      delayedCloseTimeoutMs: 0,
      forwarded: {
        useRemoteAddress: true,
        xffNumTrustedHops: 2,
        skipXffAppend: true,
        appendXForwardedPort: true,
        clientCert: {
          mode: "ALWAYS_FORWARD_ONLY",
          subject: false,
          cert: false,
          chain: false,
          dns: false,
          uri: false,
        },
        schemeToOverwrite: "https",
        internalAddresses: {
          unixSockets: true,
          cidrRanges: [
            { ip: "10.0.0.0", family: 4, prefixLength: 8 },
            { ip: "2001:db8::", family: 6, prefixLength: 32 },
            { ip: "1.2.3.4", family: 4, prefixLength: 32 },
          ],
        },
      },
      requestId: {
        generate: false,
        preserveExternal: true,
        alwaysSetInResponse: true,
        packTraceReason: false,
      },
      path: { normalize: true, mergeSlashes: true, escapedSlashes: "redirect" },
      stripPort: "any",
      stripTrailingHostDot: true,
      serverName: "me",
      serverHeaderTransformation: "pass_through",
      via: "v",
      addUserAgent: true,
      proxy100Continue: true,
    };
    assert.deepEqual({ ...config, routeConfig: undefined, httpFilters: [] }, expected);
  });

  test("gives plain data, which reaches a worker as it is", () => {
    const { config } = load({});
    assert.deepEqual(structuredClone(config), config);
  });

  test("reads that a filter is off by default", () => {
    const { config } = load({ http_filters: [{ ...lua, disabled: true }, router] });
    assert.deepEqual(
      config?.httpFilters.map(({ disabled }) => disabled),
      [true, false],
    );
  });
});

describe("what is refused", () => {
  const discovered = { path_config_source: { path: import.meta.filename } };
  const at = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config";
  const refusals: readonly [string, Json, string][] = [
    ["codec_type", { codec_type: "HTTP3" }, "HTTP3 is not supported; use AUTO, HTTP1 or HTTP2"],
    ["tracing", { tracing: {} }, "tracing is not supported"],
    [
      "upgrade_configs[0]",
      { upgrade_configs: [{ upgrade_type: "CONNECT-UDP" }] },
      "CONNECT-UDP is not",
    ],
    ["local_reply_config", { local_reply_config: {} }, "changing local replies is not supported"],
    ["http3_protocol_options", { http3_protocol_options: {} }, "HTTP/3 is not supported"],
    [
      "rds.config_source.ads",
      { route_config: undefined, rds: { route_config_name: "r", config_source: { ads: {} } } },
      "is not supported; use path_config_source or api_config_source",
    ],
    [
      "rds.route_config_name",
      { route_config: undefined, rds: { config_source: discovered } },
      "is missing; it names the routes to ask for",
    ],
    [
      "rds.config_source.path_config_source.path",
      {
        route_config: undefined,
        rds: { route_config_name: "r", config_source: { path_config_source: { path: "/no" } } },
      },
      "paths must refer to an existing path in the system: '/no' does not exist",
    ],
    [
      "stream_error_on_invalid_http_message",
      { stream_error_on_invalid_http_message: true },
      "true is not supported",
    ],
    [
      "strip_matching_host_port",
      { strip_matching_host_port: true, strip_any_host_port: true },
      "Error: Only one of `strip_matching_host_port` or `strip_any_host_port` can be set.",
    ],
    [
      "internal_address_config.cidr_ranges[0].address_prefix",
      { internal_address_config: { cidr_ranges: [{ address_prefix: "bad", prefix_len: 8 }] } },
      "invalid ip/mask combo 'bad/8' (format is <ip>/<# mask bits>)",
    ],
    [
      "http_filters[0].disabled",
      { http_filters: [{ ...router, disabled: true }] },
      "Error: the last (terminal) filter (envoy.filters.http.router) in the chain cannot be disabled by default.",
    ],
    [
      "http_filters[0]",
      { http_filters: [lua] },
      "Error: non-terminal filter named lua of type envoy.filters.http.lua is the last filter in a http filter chain.",
    ],
    [
      "http_filters[0]",
      { http_filters: [router, lua, { ...router, name: "r2" }] },
      "Error: terminal filter named envoy.filters.http.router of type envoy.filters.http.router must be the last filter in a http filter chain.",
    ],
    ["http_filters[0].typed_config", { http_filters: [{ name: "x" }, router] }, "x"],
    [
      "http_filters[0].typed_config",
      {
        http_filters: [
          { name: "x", typed_config: { "@type": "type.googleapis.com/foo.Bar" } },
          router,
        ],
      },
      "foo.Bar",
    ],
  ];
  for (const [field, json, text] of refusals) {
    test(`${field}: ${text}`, () => {
      const { problems } = load(json);
      const found = problems.find((problem) => problem.startsWith(`${at}.${field}: `));
      assert.ok(found?.includes(text), JSON.stringify(problems));
    });
  }

  test("is reported all at once", () => {
    const { problems } = load({ codec_type: "HTTP3", tracing: {}, http_filters: [lua] });
    assert.equal(problems.length, 3, JSON.stringify(problems));
  });
});

describe("is_optional", () => {
  test("leaves an unknown filter out, with a warning", () => {
    const unknown = {
      name: "x",
      is_optional: true,
      typed_config: { "@type": "type.googleapis.com/foo.Bar" },
    };
    const { config, warnings } = load({ http_filters: [unknown, router] });
    assert.deepEqual(
      config?.httpFilters.map(({ name }) => name),
      [router.name],
    );
    assert.ok(warnings.some((warning) => warning.includes("the filter x is not known here")));
  });

  test("does not change what is known", () => {
    const { config } = load({ http_filters: [{ ...lua, is_optional: true }, router] });
    assert.equal(config?.httpFilters.length, 2);
  });
});

test("an empty filter chain is worth a warning", () => {
  const { config, warnings } = load({ http_filters: [] });
  assert.equal(config?.httpFilters.length, 0);
  assert.ok(warnings.some((warning) => warning.includes("nothing answers a request")));
});

test("config_discovery becomes a discovered filter", () => {
  const discovered = {
    name: "found",
    config_discovery: {
      config_source: { path_config_source: { path: import.meta.filename } },
      type_urls: [lua.typed_config["@type"]],
    },
  };
  const { config, problems } = load({ http_filters: [discovered, router] });
  assert.deepEqual(problems, []);
  const [filter] = config!.httpFilters;
  assert.equal(filter?.extension, undefined);
  assert.match(filter?.discovery?.key ?? "", /^http_filter found@/);
});
