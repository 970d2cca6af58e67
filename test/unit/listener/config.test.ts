import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@bufbuild/protobuf";
import type { Listener } from "../../../host/src/config/gen/envoy/config/listener/v3/listener_pb.js";
import type { ParseContext } from "../../../host/src/contracts/extension.ts";
import { findDuplicateAddresses, parseListener } from "../../../host/src/listener/config.ts";
import { messageOf, recordingParseContext } from "../../support/config-message.ts";
import { testRegistry } from "../../support/listener-harness.ts";

const url = (name: string): string => `type.googleapis.com/${name}`;
const echo = {
  name: "envoy.filters.network.echo",
  typed_config: { "@type": url("envoy.extensions.filters.network.echo.v3.Echo") },
};
const address = { socket_address: { address: "127.0.0.1", port_value: 12345 } };

/** Parses with the extensions of layer 4. */
function parse(json: { [field: string]: JsonValue }) {
  const context = recordingParseContext();
  const withExtensions: ParseContext = {
    ...context,
    registry: testRegistry,
    extension: (_kind, name, any) =>
      any === undefined ? undefined : { name, typeUrl: any.typeUrl, config: null },
  };
  const message = messageOf<Listener>("envoy.config.listener.v3.Listener", json);
  return { config: parseListener(message, withExtensions), problems: context.problems };
}

const listener = (...chains: JsonValue[]) => ({ name: "l", address, filter_chains: chains });
const chainOf = (match: JsonValue, name: string) => ({
  name,
  filter_chain_match: match,
  filters: [echo],
});

test("parseListener() fills in Envoy's defaults", () => {
  const { config, problems } = parse(listener({ filters: [echo] }));
  assert.deepEqual(problems, []);
  assert.equal(config!.statPrefix, "127.0.0.1_12345");
  assert.equal(config!.perConnectionBufferLimitBytes, 1_048_576);
  assert.equal(config!.listenerFiltersTimeoutMs, 15_000);
  assert.equal(config!.continueOnListenerFiltersTimeout, false);
  assert.equal(config!.reusePort, false);
  assert.equal(config!.defaultFilterChain, undefined);
  assert.deepEqual(config!.address, { kind: "ip", ip: "127.0.0.1", port: 12345, family: 4 });
  assert.equal(config!.filterChains[0]!.match.sourceType, "any");
});

test("parseListener() reads everything else", () => {
  const { config, problems } = parse({
    ...listener(
      chainOf(
        {
          destination_port: 443,
          prefix_ranges: [{ address_prefix: "10.1.2.3", prefix_len: 8 }],
          source_type: "EXTERNAL",
          source_ports: [7],
          server_names: ["*.a.com"],
          transport_protocol: "raw_buffer",
          application_protocols: ["http/1.1"],
          direct_source_prefix_ranges: [{ address_prefix: "2001:db8::1", prefix_len: 32 }],
          source_prefix_ranges: [{ address_prefix: "192.0.2.1" }],
        },
        "c",
      ),
    ),
    name: "",
    stat_prefix: "a:b",
    additional_addresses: [{ address: { pipe: { path: "/run/x.sock", mode: 384 } } }],
    per_connection_buffer_limit_bytes: 0,
    listener_filters: [
      {
        name: "h",
        typed_config: {
          "@type": url("envoy.extensions.filters.listener.http_inspector.v3.HttpInspector"),
        },
        filter_disabled: { not_match: { destination_port_range: { start: 1, end: 2 } } },
      },
    ],
    listener_filters_timeout: "0s",
    continue_on_listener_filters_timeout: true,
    default_filter_chain: { name: "d", filters: [echo] },
    enable_reuse_port: true,
    tcp_backlog_size: 7,
  });
  assert.deepEqual(problems, []);
  assert.equal(config!.name, "127.0.0.1:12345");
  assert.equal(config!.statPrefix, "a_b");
  assert.deepEqual(config!.additionalAddresses, [{ kind: "pipe", path: "/run/x.sock", mode: 384 }]);
  assert.equal(config!.perConnectionBufferLimitBytes, 0);
  assert.equal(config!.listenerFiltersTimeoutMs, 0);
  assert.equal(config!.tcpBacklogSize, 7);
  assert.equal(config!.reusePort, true);
  assert.equal(config!.defaultFilterChain!.name, "d");
  assert.deepEqual(config!.listenerFilters[0]!.disabled, {
    kind: "not",
    rule: { kind: "destination_port", start: 1, end: 2 },
  });
  assert.deepEqual(config!.filterChains[0]!.match, {
    destinationPort: 443,
    prefixRanges: [{ ip: "10.0.0.0", family: 4, prefixLength: 8 }],
    serverNames: ["*.a.com"],
    transportProtocol: "raw_buffer",
    applicationProtocols: ["http/1.1"],
    directSourcePrefixRanges: [{ ip: "2001:db8::", family: 6, prefixLength: 32 }],
    sourceType: "external",
    sourcePrefixRanges: [{ ip: "0.0.0.0", family: 4, prefixLength: 0 }],
    sourcePorts: [7],
  });
});

const prefix = "error adding listener '127.0.0.1:12345'";
const overlapping = `filter_chain_match: ${prefix}: multiple filter chains with overlapping matching rules are defined`;

test("parseListener() refuses chains that cannot be told apart, in Envoy's words", () => {
  const cases: [JsonValue[], string][] = [
    [
      [chainOf({ destination_port: 80 }, "a"), chainOf({ destination_port: 80 }, "b")],
      `filter_chain_match: ${prefix}: filter chain 'b' has the same matching rules defined as 'a'. ` +
        'duplicate matcher is: {"destination_port":80}',
    ],
    [
      [
        chainOf({ server_names: ["a.com", "b.com"] }, "a"),
        chainOf({ server_names: ["b.com"] }, "b"),
      ],
      overlapping,
    ],
    [
      [chainOf({ server_names: ["A.com"] }, "a"), chainOf({ server_names: ["a.com"] }, "b")],
      overlapping,
    ],
    [
      [chainOf({ server_names: ["a.*.com"] }, "a")],
      `server_names[0]: ${prefix}: partial wildcards are not supported in "server_names"`,
    ],
    [
      [chainOf({ server_names: ["x.com", "*"] }, "a")],
      `server_names[1]: ${prefix}: partial wildcards are not supported in "server_names"`,
    ],
    [
      [chainOf({ prefix_ranges: [{ address_prefix: "10.1.2" }] }, "a")],
      "prefix_ranges[0]: malformed IP address: 10.1.2",
    ],
    [[], `filter_chains: ${prefix}: no filter chains specified`],
  ];
  for (const [chains, expected] of cases) {
    assert.deepEqual(parse(listener(...chains)).problems, [expected]);
  }
});

test("parseListener() wants the terminal filter last, and a terminal filter last", () => {
  const direct = {
    name: "dr",
    typed_config: { "@type": url("envoy.extensions.filters.network.direct_response.v3.Config") },
  };
  assert.deepEqual(parse(listener({ filters: [echo, direct] })).problems, [
    "name: Error: terminal filter named envoy.filters.network.echo of type envoy.filters.network.echo must be " +
      "the last filter in a network filter chain.",
  ]);
});

test("parseListener() refuses what is not there yet, by name", () => {
  const raw = {
    name: "envoy.transport_sockets.raw_buffer",
    typed_config: { "@type": url("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer") },
  };
  const problemsOf = (fields: { [field: string]: JsonValue }) =>
    parse({ ...listener({ filters: [echo] }), ...fields }).problems;
  assert.deepEqual(problemsOf({ filter_chains: [{ filters: [echo], transport_socket: raw }] }), []);
  assert.match(problemsOf({ bind_to_port: false })[0]!, /^bind_to_port: /);
  assert.match(problemsOf({ use_original_dst: true })[0]!, /^use_original_dst: /);
  assert.match(problemsOf({ transparent: true, freebind: true }).join(), /transparent.*freebind/);
  assert.deepEqual(problemsOf({ bind_to_port: true, use_original_dst: false }), []);
});

test("parseListener() refuses addresses that nobody can listen on", () => {
  const problemsOf = (value: JsonValue | undefined): string[] =>
    parse({
      name: "l",
      filter_chains: [{ filters: [echo] }],
      ...(value !== undefined && { address: value }),
    }).problems;
  assert.deepEqual(problemsOf(undefined), [
    "address: error adding listener named 'l': address is necessary",
  ]);
  assert.match(
    problemsOf({ socket_address: { address: "localhost", port_value: 1 } })[0]!,
    /^address: malformed IP address: localhost/,
  );
  assert.match(
    problemsOf({ socket_address: { address: "127.0.0.1", protocol: "UDP", port_value: 1 } })[0]!,
    /^protocol: UDP/,
  );
  assert.match(
    problemsOf({ socket_address: { address: "127.0.0.1", named_port: "http" } })[0]!,
    /^named_port: /,
  );
  assert.match(
    problemsOf({ pipe: { path: `/${"x".repeat(107)}` } })[0]!,
    /exceeds maximum UNIX domain socket path size of 108\.$/,
  );
  assert.deepEqual(problemsOf({ pipe: { path: `/${"x".repeat(106)}` } }), []);
});

test("findDuplicateAddresses() names listeners that want the same address", () => {
  const at = (name: string, ip: string, port: number) =>
    parse({
      name,
      address: { socket_address: { address: ip, port_value: port } },
      filter_chains: [{ filters: [echo] }],
    }).config!;
  const clashes = findDuplicateAddresses([
    at("a", "127.0.0.1", 80),
    at("b", "127.0.0.1", 80),
    at("c", "127.0.0.2", 80),
    at("d", "127.0.0.1", 0),
    at("e", "127.0.0.1", 0),
  ]);
  assert.deepEqual(
    clashes.map(({ name }) => name),
    ["b"],
  );
  assert.match(clashes[0]!.text, /'b' has duplicate address '127.0.0.1:80' as existing listener/);
});
