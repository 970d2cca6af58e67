import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
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
      stream.side.parts.matched = { metadata: { [key]: values }, virtualHostMetadata: {} };
    });
    assert.equal(text, "1 y true 0 nil");
  }
  assert.equal(printed(`print(h:metadata():get("a") == nil)`), "true", "no route");
});

test("pairs(metadata) gives keys and values, one iterator at a time", () => {
  const text = printed(
    `local m = h:metadata() for k, v in pairs(m) do print(k, v) end pairs(m) pairs(m)`,
    (stream) => {
      stream.side.parts.matched = { metadata: { test: { a: 1, b: "x" } }, virtualHostMetadata: {} };
    },
  );
  assert.equal(text, "a 1 b x ! cannot create a second iterator before completing the first");
});

test("route() and virtualHost() read metadata under the filter's own name only", () => {
  const text = printed(
    `print(select("#", h:route():metadata():get("a")), h:virtualHost():metadata():get("a"))`,
    (stream) => {
      stream.side.parts.matched = {
        metadata: { "envoy.filters.http.lua": { a: "not here" } },
        virtualHostMetadata: { test: { a: "host" } },
      };
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
     print(f:get("n"), type(f:get("n")), f:get("b"), select("#", f:get("no")), f:get("o", "x"), f:get("o", "no"))`,
    ({ side }) => {
      const { filterState } = side.parts.streamInfo;
      filterState.set("n", 12_345);
      filterState.set("b", true);
      filterState.set("o", { x: 7 });
    },
  );
  assert.equal(text, "12345 string true 0 7 nil");
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
