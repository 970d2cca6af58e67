import assert from "node:assert/strict";
import { test } from "node:test";
import { ipAddress } from "../../../host/src/common/address.ts";
import type {
  CidrRange,
  FilterChainMatchConfig,
} from "../../../host/src/contracts/config/snapshot.ts";
import type { ConnectionSocket } from "../../../host/src/contracts/network/listener-filter.ts";
import { FilterChainMatcher } from "../../../host/src/listener/filter-chain-match.ts";
import { anyMatch } from "../../support/listener-harness.ts";

const ip = (text: string, port: number) => ipAddress(text, port)!;

function range(text: string): CidrRange {
  const [address, length] = text.split("/");
  const family = address!.includes(":") ? 6 : 4;
  return { ip: address!, family, prefixLength: Number(length) };
}

interface Peer {
  readonly local?: string;
  readonly port?: number;
  readonly remote?: string;
  readonly remotePort?: number;
  readonly direct?: string;
  readonly sni?: string;
  readonly transport?: string;
  readonly alpn?: readonly string[];
  readonly pipe?: boolean;
}

function socket(peer: Peer): ConnectionSocket {
  const pipe = { kind: "pipe", path: "/run/l.sock", mode: 0 } as const;
  const remote = ip(peer.remote ?? "198.51.100.7", peer.remotePort ?? 40_000);
  return {
    localAddress: peer.pipe ? pipe : ip(peer.local ?? "192.0.2.1", peer.port ?? 443),
    remoteAddress: peer.pipe ? pipe : remote,
    directRemoteAddress: peer.pipe ? pipe : peer.direct ? ip(peer.direct, 1) : remote,
    detectedTransportProtocol: peer.transport ?? "raw_buffer",
    requestedApplicationProtocols: peer.alpn ?? [],
    requestedServerName: peer.sni ?? "",
  };
}

/** A matcher over named chains; gives the name of the chain for a peer. */
function matcher(chains: { readonly [name: string]: Partial<FilterChainMatchConfig> }) {
  const table = new FilterChainMatcher();
  const names = Object.keys(chains);
  for (const name of names) {
    assert.ok(table.add({ ...anyMatch, ...chains[name] }), `${name} overlaps`);
  }
  return (peer: Peer): string => names[table.find(socket(peer))] ?? "none";
}

test("FilterChainMatcher prefers a chain with the destination port, and does not look back", () => {
  const find = matcher({
    port443: { destinationPort: 443, serverNames: ["a.com"] },
    any: {},
  });
  assert.equal(find({ port: 80 }), "any");
  assert.equal(find({ port: 443, sni: "a.com" }), "port443");
  assert.equal(find({ port: 443, sni: "b.com" }), "none", "the port decided already");
  assert.equal(find({ pipe: true }), "any", "a pipe has no port");
});

test("FilterChainMatcher chooses the longest destination prefix", () => {
  const find = matcher({
    eight: { prefixRanges: [range("10.0.0.0/8")] },
    sixteen: { prefixRanges: [range("10.1.0.0/16"), range("2001:db8::/32")] },
    host: { prefixRanges: [range("10.1.2.3/32"), range("2001:db8::1/128")] },
    any: {},
  });
  assert.equal(find({ local: "10.9.9.9" }), "eight");
  assert.equal(find({ local: "10.1.9.9" }), "sixteen");
  assert.equal(find({ local: "10.1.2.3" }), "host");
  assert.equal(find({ local: "11.0.0.1" }), "any");
  assert.equal(find({ local: "2001:db8::2" }), "sixteen");
  assert.equal(find({ local: "2001:db8::1" }), "host");
  assert.equal(find({ local: "2001:db9::1" }), "any");
  assert.equal(find({ local: "::ffff:10.1.2.3" }), "host", "IPv4-mapped addresses are IPv4");
  assert.equal(find({ pipe: true }), "any");
});

test("FilterChainMatcher matches server names exactly, then by the longest wildcard", () => {
  const find = matcher({
    exact: { serverNames: ["a.b.Example.com"] },
    deep: { serverNames: ["*.b.example.com"] },
    shallow: { serverNames: ["*.example.com", "*.com"] },
    any: {},
  });
  assert.equal(find({ sni: "a.b.example.com" }), "exact");
  assert.equal(find({ sni: "x.b.example.com" }), "deep");
  assert.equal(find({ sni: "y.x.b.example.com" }), "deep");
  assert.equal(find({ sni: "b.example.com" }), "shallow");
  assert.equal(find({ sni: "example.com" }), "shallow", "by *.com");
  assert.equal(find({ sni: "com" }), "any", "a wildcard needs a label");
  assert.equal(find({ sni: "" }), "any");
  assert.equal(find({ sni: "example.org" }), "any");
});

test("FilterChainMatcher matches transport protocols", () => {
  const find = matcher({ tls: { transportProtocol: "tls" }, any: {} });
  assert.equal(find({ transport: "tls" }), "tls");
  assert.equal(find({ transport: "raw_buffer" }), "any");
  assert.equal(matcher({ raw: { transportProtocol: "raw_buffer" } })({}), "raw");
});

test("FilterChainMatcher goes by the client's order of application protocols", () => {
  const find = matcher({
    h2: { applicationProtocols: ["h2", "h2c"] },
    h1: { applicationProtocols: ["http/1.1"] },
    any: {},
  });
  assert.equal(find({ alpn: ["http/1.1", "h2"] }), "h1");
  assert.equal(find({ alpn: ["x", "h2", "http/1.1"] }), "h2");
  assert.equal(find({ alpn: ["x"] }), "any");
  assert.equal(find({}), "any");
});

test("FilterChainMatcher tells the direct source from the announced one", () => {
  const find = matcher({
    proxy: { directSourcePrefixRanges: [range("10.0.0.0/8")] },
    source: { sourcePrefixRanges: [range("198.51.100.0/24")] },
  });
  assert.equal(find({ direct: "10.1.1.1" }), "proxy");
  assert.equal(find({ direct: "11.1.1.1" }), "source");
  assert.equal(find({ direct: "11.1.1.1", remote: "203.0.113.1" }), "none");
});

test("FilterChainMatcher knows local and external sources", () => {
  const find = matcher({
    local: { sourceType: "same_ip_or_loopback" },
    external: { sourceType: "external" },
  });
  assert.equal(find({ remote: "127.0.0.9" }), "local");
  assert.equal(find({ remote: "192.0.2.1" }), "local", "the same address");
  assert.equal(find({ remote: "::1", local: "::1" }), "local");
  assert.equal(find({ pipe: true }), "local");
  assert.equal(find({}), "external");
  const other = matcher({ local: { sourceType: "same_ip_or_loopback" }, any: {} });
  assert.equal(other({}), "any");
});

test("FilterChainMatcher matches source ports, after source prefixes", () => {
  const find = matcher({
    both: { sourcePrefixRanges: [range("198.51.100.0/24")], sourcePorts: [1000, 1001] },
    port: { sourcePorts: [2000] },
    any: {},
  });
  assert.equal(find({ remotePort: 1001 }), "both");
  assert.equal(find({ remotePort: 2000 }), "none", "the prefix decided already");
  assert.equal(find({ remote: "203.0.113.1", remotePort: 2000 }), "port");
  assert.equal(find({ remote: "203.0.113.1", remotePort: 1000 }), "any");
});

test("FilterChainMatcher puts a chain under every combination of its entries", () => {
  const find = matcher({
    product: { serverNames: ["a.com", "b.com"], applicationProtocols: ["h2", "http/1.1"] },
    any: {},
  });
  for (const sni of ["a.com", "b.com"]) {
    for (const alpn of ["h2", "http/1.1"]) assert.equal(find({ sni, alpn: [alpn] }), "product");
    assert.equal(find({ sni, alpn: ["x"] }), "none");
  }
  assert.equal(find({ sni: "c.com", alpn: ["h2"] }), "any");
});

test("FilterChainMatcher.add() refuses overlapping chains", () => {
  const table = new FilterChainMatcher();
  assert.ok(table.add({ ...anyMatch, serverNames: ["a.com", "b.com"] }));
  assert.equal(table.add({ ...anyMatch, serverNames: ["c.com", "B.com"] }), false);
  assert.ok(table.add({ ...anyMatch, serverNames: ["b.com"], sourcePorts: [1] }));
  assert.ok(table.add(anyMatch));
  assert.equal(table.add(anyMatch), false);
});
