import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import type { SslConnectionInfo } from "../../../../host/src/contracts/network/connection.ts";
import { LuaHost, LuaStream } from "../../../support/lua.ts";

interface Ran {
  readonly stream: LuaStream;
  /** What the hook printed, joined by blanks; the error last. */
  readonly text: string;
}

/** Runs code as the request hook of a header-only stream. */
function run(code: string, prepare: (stream: LuaStream) => void = () => undefined): Ran {
  const host = new LuaHost();
  const script = host.load(`function envoy_on_request(h)\n${code}\nend`);
  const stream = new LuaStream(script, [
    [":method", "GET"],
    [":path", "/"],
  ]);
  prepare(stream);
  stream.start();
  const lines = host.lines.map((line) => line.replace(/^info script log: /, ""));
  const errors = stream.side.errors.map((error) => error.replace(/^\[.*?\]:\d+: /, "! "));
  return { stream, text: [...lines, ...errors].join(" ").replaceAll("\t", " ") };
}

const printed = (code: string, prepare?: (stream: LuaStream) => void): string =>
  run(code, prepare).text;

test("metadata() reads the route's under the filter's name, else under the canonical one", () => {
  const code = `local m = h:metadata() print(m:get("a"), m:get("list")[2], m:get("deep").x, select("#", m:get("no")), m:get("null"))`;
  const values = { a: 1, list: ["x", "y"], deep: { x: true }, null: null };
  for (const key of ["test", "envoy.filters.http.lua"]) {
    const text = printed(code, (stream) => {
      stream.side.parts.matched = { metadata: { [key]: values } };
    });
    assert.equal(text, "1 y true 0 nil");
  }
  assert.equal(printed(`print(h:metadata():get("a") == nil)`), "true", "no route");
});

test("pairs(metadata) gives keys and values, one iterator at a time", () => {
  const text = printed(
    `local m = h:metadata() for k, v in pairs(m) do print(k, v) end pairs(m) pairs(m)`,
    (stream) => {
      stream.side.parts.matched = { metadata: { test: { a: 1, b: "x" } } };
    },
  );
  assert.equal(text, "a 1 b x ! cannot create a second iterator before completing the first");
});

test("route() and virtualHost() read metadata under the filter's own name only", () => {
  const text = printed(
    `print(select("#", h:route():metadata():get("a")), h:virtualHost():metadata():get("a"))`,
    (stream) => {
      stream.side.parts.matched = { metadata: { "envoy.filters.http.lua": { a: "not here" } } };
      stream.side.parts.streamInfo.virtualHostMetadata = { test: { a: "host" } };
    },
  );
  assert.equal(text, "0 host");
});

test("filterContext() is an object over the route's context", () => {
  const text = printed(`print(h:filterContext():get("k"), type(h:filterContext()))`, (stream) => {
    stream.side.filterContext = { k: "v" };
  });
  assert.equal(text, "v userdata");
});

test("dynamicMetadata() keeps what a script sets, by Envoy's rules", () => {
  const { text, stream } = run(`
    local d = h:streamInfo():dynamicMetadata()
    print(type(d), select("#", d:get("f")))
    d:set("f", "n", 1) d:set("f", "s", "a\\0b") d:set("f", "t", { x = { 1, 2, [4] = 4 }, e = {} })
    d:set("f", "z", nil) d:set("f", "bytes", "\\255\\1")
    local f = d:get("f")
    print(f.n, f.s, f.t.x[2], f.t.x[3], f.t.x[4], type(f.t.e), f.z, f.bytes == "\\255\\1")
    for name, t in pairs(d) do print(name, t.n) end
    print(select(2, pcall(d.set, d, "f", "k", print)))
    print(select(2, pcall(d.set, d, "f", "k", { [1] = 1, a = 2 })))
    for _ in pairs(d) do d:set("f", "n", 2) end`);
  assert.match(text, /^userdata 0 1 a 2 nil 4 table nil true f 1 /);
  assert.match(text, /unexpected type 'function' in dynamicMetadata/);
  assert.match(text, /unexpected type number in table key \(only string keys are supported\)/);
  assert.match(text, /! dynamic metadata map cannot be modified while iterating$/);
  const held = stream.side.parts.streamInfo.dynamicMetadata?.get("f");
  assert.deepEqual(held?.["t"], { x: [1, 2, null, 4], e: {} });
  assert.equal(held?.["z"], null);
});

test("dynamicMetadata() refuses tables without end and lists without measure", () => {
  assert.match(
    printed(`local t = {} t.t = t h:streamInfo():dynamicMetadata():set("f", "k", t)`),
    /nested too deeply/,
  );
  assert.match(
    printed(`h:streamInfo():dynamicMetadata():set("f", "k", { [1e9] = 1 })`),
    /a list is too long/,
  );
});

test("streamInfo() tells of the stream", () => {
  const text = printed(
    `local s = h:streamInfo()
     print(s:protocol(), s:routeName(), s:virtualClusterName() == "", s:requestedServerName() == "")
     print(s:downstreamLocalAddress(), s:downstreamDirectLocalAddress())
     print(s:downstreamRemoteAddress(), s:downstreamDirectRemoteAddress())
     print(s:downstreamSslConnection(), h:connection():ssl(), s:dynamicTypedMetadata("x"))`,
    (stream) => {
      stream.side.parts.streamInfo.protocol = "HTTP/1.1";
      stream.side.parts.streamInfo.routeName = "r";
    },
  );
  assert.equal(
    text,
    "HTTP/1.1 r true true 127.0.0.1:10000 127.0.0.1:10000 10.0.0.1:0 127.0.0.1:50000 nil nil nil",
  );
});

test("filterState() gives objects as text and their fields", () => {
  const text = printed(
    `local f = h:streamInfo():filterState()
     print(f:get("n"), type(f:get("n")), f:get("b"), select("#", f:get("no")), f:get("o", "x"), select("#", f:get("o", "no")))`,
    ({ side }) => {
      const { filterState } = side.parts.streamInfo;
      filterState.set("n", 12_345);
      filterState.set("b", true);
      filterState.set("o", { x: 7 });
    },
  );
  assert.equal(text, "12345 string true 0 7 0");
});

test("connectionStreamInfo() reads the connection's metadata and cannot write it", () => {
  const text = printed(
    `local d = h:connectionStreamInfo():dynamicMetadata() print(d:get("c").k) d:set("c", "k", 1)`,
    ({ side }) => {
      side.parts.connection.streamInfo.dynamicMetadata = new Map([["c", { k: "v" }]]);
    },
  );
  assert.equal(text, "v ! attempt to call method 'set' (a nil value)");
});

test("requestHeaders() shows the request to the response hook", () => {
  const host = new LuaHost();
  const script = host.load(
    `function envoy_on_response(h) h:headers():add("x-path", h:requestHeaders():get(":path")) end`,
  );
  const stream = new LuaStream(script, [[":status", "200"]], { endStream: true, isRequest: false });
  stream.side.parts.requestHeaders = headerMapOf([[":path", "/p"]]);
  stream.start();
  assert.equal(stream.headers.get("x-path"), "/p");
});

test("clearRouteCache() drops the route", () => {
  const { stream } = run("h:clearRouteCache()");
  assert.equal(stream.side.routeDrops, 1);
});

test("timestamp() and timestampString() give the time in the asked resolution", () => {
  const text = printed(`
    local r = EnvoyTimestampResolution
    local ms, micros = h:timestamp(), h:timestampString(r.MICROSECOND)
    print(math.floor(ms) == ms, h:timestamp(r.MILLISECOND) == ms, h:timestampString() == string.format("%d", ms),
      micros:sub(1, -4) == h:timestampString(r.MILLISECOND))
    print(select(2, pcall(h.timestamp, h, r.MICROSECOND)))
    h:timestampString("x")`);
  assert.equal(
    text,
    "true true true true timestamp format must be MILLISECOND. ! timestamp format must be MILLISECOND or MICROSECOND.",
  );
});

test("EnvoyTimestampResolution is not there while the main chunk runs", () => {
  const host = new LuaHost();
  host.load("print(EnvoyTimestampResolution) function envoy_on_request() end");
  assert.deepEqual(host.lines, ["info script log: nil"]);
});

test("base64Escape() and base64Decode() take all bytes", () => {
  assert.equal(
    printed(
      `print(h:base64Escape("a\\0\\255"), h:base64Decode("YQD/") == "a\\0\\255", h:base64Decode("YQ"), h:base64Decode("Y Q = ="), h:base64Decode("a-_b"), h:base64Decode("!"))`,
    ),
    "YQD/ true a a nil nil",
  );
});

test("verifySignature() checks a signature against an imported key", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const der = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const signature = createSign("sha256").update("data").sign(privateKey).toString("base64");
  const text = printed(`
    local der, sig = h:base64Decode("${der}"), h:base64Decode("${signature}")
    local key = h:importPublicKey(der, #der):get()
    print(h:verifySignature("SHA256", key, sig, #sig, "data", 4))
    print(h:verifySignature("sha256", key, sig, #sig, "date", 4))
    print(h:verifySignature("unknown", key, sig, #sig, "data", 4))
    print(h:importPublicKey("0000", 4):get())
    h:verifySignature("sha256", "nope", sig, #sig, "data", 4)`);
  assert.equal(
    text,
    "true nil false Failed to verify digest. Error code: 0 false unknown is not supported. nil ! invalid public key",
  );
});

test("an object of a stream is dead once the script has left", () => {
  const host = new LuaHost();
  const script = host.load(`
    function envoy_on_request(h)
      if kept then kept:protocol() end
      kept = h:streamInfo()
    end`);
  for (const expected of [[], ["object used outside of proper scope"]]) {
    const stream = new LuaStream(script, [[":path", "/"]]);
    stream.start();
    assert.deepEqual(
      stream.side.errors.map((error) => error.replace(/^.*?\]:\d+: /, "")),
      expected,
    );
  }
});

test("stats() makes counters and gauges below the filter's prefix, by Envoy's rules", () => {
  const { text } = run(`
    local function refused(f) return (select(2, pcall(f)):gsub("^.-:%d+: ", "")) end
    local s = h:stats()
    local c, g = s:counter("c"), s:gauge("g")
    c:inc() c:add(3) c:add(1.9)
    print(type(s), c:value(), s:counter("c") == c, s:counter("c\\0d") == c)
    g:set("7") g:inc() g:dec() g:add(3) g:sub(1)
    print(g:value())
    g:set(0) g:sub(5)
    print(g:value())
    for _, f in ipairs{
      function() c:add(-1) end, function() c:add(1e300) end, function() c:add(0/0) end,
      function() g:set(-1) end, function() g:add(-1) end, function() g:sub(-1) end,
    } do print(refused(f)) end
    s:counter()`);
  assert.equal(
    text,
    "userdata 5 true true 9 1.844674407371e+19 " +
      "counter add amount must be non-negative ".repeat(3) +
      "gauge set value must be non-negative gauge add amount must be non-negative " +
      "gauge sub amount must be non-negative ! bad argument #1 to 'counter' (string expected, got no value)",
  );
});

test("stats() makes histograms in Envoy's units", () => {
  const { text, stream } = run(`
    h:stats():histogram("a"):recordValue(1.5)
    h:stats():histogram("b", "milliseconds"):recordValue(12)
    h:stats():histogram("b"):recordValue(13)
    print(select(2, pcall(function() h:stats():histogram("a"):recordValue(-1) end)))
    h:stats():histogram("c", "us")`);
  assert.match(
    text,
    /histogram value must be non-negative ! invalid histogram unit 'us', expected 'ms', /,
  );
  assert.deepEqual(
    [...stream.side.recorded],
    [
      ["lua.a unspecified", [1]],
      ["lua.b ms", [12, 13]],
    ],
  );
});

test("stats() refuses to make more than a filter may have", () => {
  const text = printed(
    `for i = 1, 1024 do h:stats():counter("c" .. i):inc() end h:stats():counter("c1"):inc() h:stats():gauge("g")`,
  );
  assert.equal(text, "! the filter has too many stats, or the name is too long");
});

test("a counter may be kept for another stream, the scope may not", () => {
  const script = new LuaHost().load(`
    function envoy_on_request(h)
      if not scope then scope = h:stats() counter = scope:counter("c") end
      counter:inc()
      h:headers():add("x-count", counter:value())
      scope:counter("d")
    end`);
  const streams = [1, 2].map(() => new LuaStream(script, [[":path", "/"]]));
  for (const stream of streams) stream.start();
  assert.deepEqual(
    streams.map(({ headers, side }) => [headers.get("x-count"), side.errors.length]),
    [
      ["1", 0],
      ["2", 1],
    ],
  );
  assert.match(streams[1]!.side.errors[0]!, /object used outside of proper scope$/);
});

test("setUpstreamOverrideHost() takes addresses as Envoy does", () => {
  const valid = ["1.2.3.4", "1.2.3.4:80", "1.2.3.4:0", "[::1]:80", "[::1]", "::ffff:1.2.3.4"];
  const invalid = ["", "x", "1.2.3.4:99999", "::1", "1.2.3", "1.2.3.4:", " 1.2.3.4"];
  for (const address of [...valid, ...invalid]) {
    const { text, stream } = run(`h:setUpstreamOverrideHost("${address}")`);
    const held = stream.side.parts.streamInfo.upstreamOverrideHost;
    const expected = valid.includes(address) ? { address, strict: false } : undefined;
    assert.deepEqual(held, expected, address);
    assert.equal(text, expected ? "" : "! host is not a valid IP address", address);
  }
  const { stream } = run(`h:setUpstreamOverrideHost("1.2.3.4:5", true)`);
  assert.equal(stream.side.parts.streamInfo.upstreamOverrideHost?.strict, true);
  assert.equal(
    printed(`h:setUpstreamOverrideHost()`),
    "! bad argument #1 to 'setUpstreamOverrideHost' (string expected, got no value)",
  );
  assert.equal(
    printed(`h:setUpstreamOverrideHost("1.2.3.4", "x")`),
    "! bad argument #2 to 'setUpstreamOverrideHost' (boolean expected, got string)",
  );
});

test("drainConnectionUponCompletion() asks for the connection to be closed", () => {
  const { stream } = run("h:streamInfo():drainConnectionUponCompletion()");
  assert.equal(stream.side.parts.streamInfo.drainConnectionUponCompletion, true);
});

test("setHttp1ReasonPhrase() keeps what can stand in a status line", () => {
  const { text, stream } = run(`
    h:headers():setHttp1ReasonPhrase("Slow Down")
    print(select(2, pcall(h:headers().setHttp1ReasonPhrase, h:headers(), "a\\r\\nb")))
    h:headers():setHttp1ReasonPhrase()`);
  assert.equal(stream.headers.reasonPhrase, "Slow Down");
  assert.match(text, /invalid reason phrase ! bad argument #1 to 'setHttp1ReasonPhrase' \(string/);
});

test("filterState():set makes objects by Envoy's factories", () => {
  const { text, stream } = run(`
    local f = h:streamInfo():filterState()
    f:set("s", "envoy.string", "a") f:set("s", "envoy.string", "b") f:set("n", "envoy.hashable_string", 5)
    f:set("t", "envoy.bool", "yes") f:set("f", "envoy.bool", "false")
    f:set("4", "envoy.network.ip", "1.2.3.4") f:set("6", "envoy.network.ip", "::1")
    print(f:get("s"), f:get("n"), f:get("t"), f:get("f"), f:get("4"), f:get("6"))
    print(select(2, pcall(f.set, f, "i", "envoy.network.ip", "1.2.3.4:80")))
    print(select(2, pcall(f.set, f, "i", "constructor", "")))
    f:set("k", "envoy.string")`);
  assert.equal(
    text,
    "b 5 true false 1.2.3.4:0 [::1]:0 failed to create an object 'i' from value '1.2.3.4:80' " +
      "'constructor' does not have an object factory ! bad argument #3 to 'set' (string expected, got no value)",
  );
  assert.equal(stream.side.parts.streamInfo.filterState.get("s"), "b");
});

const ssl: SslConnectionInfo = {
  peerCertificatePresented: true,
  peerCertificateValidated: false,
  uriSansPeerCertificate: ["spiffe://a", "spiffe://b"],
  uriSansLocalCertificate: [],
  dnsSansPeerCertificate: ["a.test"],
  dnsSansLocalCertificate: ["b.test"],
  oidsPeerCertificate: ["2.5.29.14"],
  oidsLocalCertificate: [],
  sha256PeerCertificateDigest: "ab12",
  serialNumberPeerCertificate: "b1",
  issuerPeerCertificate: "CN=ca",
  subjectPeerCertificate: "CN=a,O=b",
  subjectLocalCertificate: "CN=me",
  parsedSubjectPeerCertificate: { commonName: "a", organizationNames: ["b", "c"] },
  urlEncodedPemPeerCertificate: "pem",
  urlEncodedPemPeerCertificateChain: "chain",
  validFromPeerCertificate: 1_522_796_777,
  expirationPeerCertificate: 1_585_955_177,
  sessionId: "d62a",
  ciphersuiteId: 0x707,
  ciphersuite: "TLS_AES_128_GCM_SHA256",
  tlsVersion: "TLSv1.3",
};

test("downstreamSslConnection() gives the properties of a TLS connection", () => {
  const text = printed(
    `local s = h:streamInfo():downstreamSslConnection()
     print(type(s), type(h:connection():ssl()), s:peerCertificatePresented(), s:peerCertificateValidated())
     print(table.concat(s:uriSanPeerCertificate(), ","), #s:uriSanLocalCertificate(), s:dnsSansPeerCertificate()[1],
       s:dnsSansLocalCertificate()[1], s:oidsPeerCertificate()[1], #s:oidsLocalCertificate())
     print(s:sha256PeerCertificateDigest(), s:serialNumberPeerCertificate(), s:issuerPeerCertificate(),
       s:subjectPeerCertificate(), s:subjectLocalCertificate())
     print(s:urlEncodedPemEncodedPeerCertificate(), s:urlEncodedPemEncodedPeerCertificateChain(), s:sessionId(),
       s:ciphersuiteId(), s:ciphersuiteString(), s:tlsVersion())
     print(s:validFromPeerCertificate(), s:expirationPeerCertificate())
     local p = s:parsedSubjectPeerCertificate()
     print(p:commonName(), table.concat(p:organizationName(), ","))`,
    ({ side }) => {
      side.parts.connection.ssl = ssl;
    },
  );
  assert.equal(
    text,
    "userdata userdata true false spiffe://a,spiffe://b 0 a.test b.test 2.5.29.14 0 ab12 b1 CN=ca CN=a,O=b CN=me " +
      "pem chain d62a 0x0707 TLS_AES_128_GCM_SHA256 TLSv1.3 1522796777 1585955177 a b,c",
  );
});

test("tostring() prints an object as any userdata", () => {
  assert.match(
    printed(`print(h) print(tostring(h:headers()) == tostring(h:streamInfo()))`),
    /^userdata: 0x[0-9a-f]{8} false$/,
  );
});
