import assert from "node:assert/strict";
import { test } from "node:test";
import { readPairs } from "@sluice/abi";
import type { SslConnectionInfo } from "../../../../../host/src/contracts/network/connection.ts";
import { headerMapOf } from "../../../../../host/src/common/headers/header-map.ts";
import { routeWith } from "../../../../support/filter-harness.ts";
import { pluginSettings } from "../../../../support/wasm.ts";
import { GuestCalls } from "../../../../support/wasm-calls.ts";

const get = "proxy_get_property";
const integer = (bytes: string | undefined): bigint =>
  Buffer.from(bytes!, "latin1").readBigInt64LE(0);

test("proxy_get_property gives what is known of plugin, request and response", async () => {
  const calls = await GuestCalls.create(
    pluginSettings({ name: "n", rootId: "r", vm: { vmId: "v" } }),
  );
  const { streamInfo } = calls.actions;
  calls.context.requestHeaders = headerMapOf([
    [":method", "POST"],
    [":path", "/p?a=1#f"],
    [":authority", "h.com"],
    ["user-agent", "curl"],
    ["x-a", "1"],
    ["x-a", "2"],
    ["content-length", "12"],
  ]);
  calls.context.responseHeaders = headerMapOf([[":status", "404"]]);
  streamInfo.protocol = "HTTP/1.1";
  streamInfo.route = routeWith({ name: "the route" });
  streamInfo.responseCodeDetails = "via_upstream";
  const text: Record<string, string> = {
    plugin_name: "n",
    plugin_root_id: "r",
    plugin_vm_id: "v",
    "request.path": "/p?a=1#f",
    "request.url_path": "/p",
    "request.query": "a=1",
    "request.host": "h.com",
    "request.method": "POST",
    "request.useragent": "curl",
    "request.protocol": "HTTP/1.1",
    "request.headers.x-a": "1,2",
    "response.code_details": "via_upstream",
    "source.address": "[::1]:5555",
    "destination.address": "127.0.0.1:80",
    "xds.route_name": "the route",
    "xds.node.id": "node-1",
    "xds.node.cluster": "cluster-1",
  };
  const numbers: Record<string, bigint> = {
    connection_id: 9n,
    "connection.id": 9n,
    "request.size": 12n,
    "response.code": 404n,
    "response.flags": 0n,
    "source.port": 5555n,
    "request.time": BigInt(streamInfo.startTimeSystemMs) * 1_000_000n,
  };
  const path = (name: string): string => name.replaceAll(".", "\0");
  calls.inside(() => {
    for (const [name, value] of Object.entries(text)) {
      assert.deepEqual(calls.get(get, path(name)), [0, value], name);
    }
    for (const [name, value] of Object.entries(numbers)) {
      assert.equal(integer(calls.get(get, path(name))[1]), value, name);
    }
    assert.deepEqual(calls.get(get, "connection\0mtls"), [0, "\0"]);
    const headers = calls.get(get, "request\0headers")[1]!;
    const pairs = new Map(readPairs(Buffer.from(headers, "latin1")));
    assert.equal(pairs.get("x-a"), "1,2");
    assert.equal(pairs.size, 6);
  });
});

test("proxy_get_property: NotFound for what there is not, SerializationFailure for whole objects", async () => {
  const calls = await GuestCalls.create();
  calls.inside(() => {
    for (const name of [
      "nothing",
      "request\0nothing",
      "request\0path",
      "request\0headers\0x-a",
      "response\0code",
      "upstream\0address",
      "plugin_name\0more",
      "constructor",
      "__proto__\0x",
      "route_name",
      "xds\0node\0metadata\0nothing",
      "metadata\0filter_metadata\0nothing",
      "filter_state\0nothing",
    ]) {
      assert.deepEqual(calls.get(get, name), [1], name);
    }
    assert.deepEqual(calls.get(get, "request"), [3]);
    assert.deepEqual(calls.get(get, ""), [3]);
    assert.deepEqual(calls.get(get, 65_530, 10), [6]);
  });
  calls.inside(() => {
    assert.deepEqual(calls.get(get, "plugin_name"), [0, "plugin"]);
    assert.deepEqual(calls.get(get, "request\0path"), [1]);
    assert.deepEqual(calls.get(get, "source\0address"), [1]);
  }, calls.root);
});

test("proxy_get_property: metadata of the node and of the stream", async () => {
  const calls = await GuestCalls.create();
  const { streamInfo } = calls.actions;
  streamInfo.dynamicMetadata = new Map([
    ["ns", { text: "value", on: true, none: null, list: ["a", { key: "b" }] }],
  ]);
  const double = (value: number): string => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return bytes.toString("latin1");
  };
  calls.inside(() => {
    const read = (path: string): unknown => calls.get(get, path.replaceAll(".", "\0"));
    assert.deepEqual(read("xds.node.metadata.role"), [0, "edge"]);
    assert.deepEqual(read("xds.node.metadata.ports.1"), [0, double(443)]);
    assert.deepEqual(read("xds.node.locality.zone"), [0, "zone-1"]);
    assert.equal((read("xds.node") as unknown[])[0], 0);
    assert.deepEqual(read("metadata.filter_metadata.ns.text"), [0, "value"]);
    assert.deepEqual(read("metadata.filter_metadata.ns.on"), [0, "\x01"]);
    assert.deepEqual(read("metadata.filter_metadata.ns.none"), [3]);
    assert.deepEqual(read("metadata.filter_metadata.ns.list.1.key"), [0, "b"]);
    assert.deepEqual(read("metadata.filter_metadata.ns.list.2"), [1]);
    assert.deepEqual(read("metadata.filter_metadata.ns.text.more"), [1]);
    assert.deepEqual(read("metadata.filter_metadata"), [3]);
  });
});

test("proxy_get_property: connection.* tells of the TLS session, where there is one", async () => {
  const calls = await GuestCalls.create();
  const read = (name: string): unknown => calls.get(get, `connection\0${name}`);
  calls.inside(() => {
    assert.deepEqual(read("tls_version"), [1]);
    assert.deepEqual(read("mtls"), [0, "\0"]);
  });
  calls.actions.ssl = {
    peerCertificatePresented: true,
    tlsVersion: "TLSv1.3",
    subjectPeerCertificate: "CN=client",
    subjectLocalCertificate: "CN=server",
    uriSansPeerCertificate: ["spiffe://one", "spiffe://two"],
    uriSansLocalCertificate: [],
    dnsSansPeerCertificate: ["client.example"],
    dnsSansLocalCertificate: ["server.example"],
    sha256PeerCertificateDigest: "abcd",
  } as unknown as SslConnectionInfo;
  const wanted = {
    mtls: [0, "\x01"],
    tls_version: [0, "TLSv1.3"],
    subject_peer_certificate: [0, "CN=client"],
    subject_local_certificate: [0, "CN=server"],
    uri_san_peer_certificate: [0, "spiffe://one"],
    uri_san_local_certificate: [1],
    dns_san_peer_certificate: [0, "client.example"],
    dns_san_local_certificate: [0, "server.example"],
    sha256_peer_certificate_digest: [0, "abcd"],
  };
  calls.inside(() => {
    for (const [name, value] of Object.entries(wanted)) assert.deepEqual(read(name), value, name);
  });
});
