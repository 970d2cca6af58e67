// The order of a table's keys, and of metadata's, is open in both: no case depends on it.

/** A script, what is sent to it, and what is known of a difference between Sluice and Envoy. */
export interface LuaCase {
  readonly name: string;
  readonly script: string;
  readonly method?: string;
  /** Behind the case's own prefix. */
  readonly path?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  /** Parts of the body that are sent as chunks, instead of `body`. */
  readonly chunks?: readonly string[];
  /** Why the two differ; the table in host/docs/lua.md has it, too. */
  readonly differs?: string;
}

const request = (code: string): string => `function envoy_on_request(h)\n${code}\nend`;
const response = (code: string): string => `function envoy_on_response(h)\n${code}\nend`;
const both = (code: string): string => `${request(code)}\n${response(code)}`;

const headerCases: readonly LuaCase[] = [
  { name: "header-add", script: both(`h:headers():add("X-Added", "v") h:headers():add("n", 5)`) },
  {
    name: "header-get",
    script: both(
      `h:logInfo(tostring(h:headers():get("Host")) .. select("#", h:headers():get("no")))`,
    ),
  },
  {
    name: "header-joined",
    script: request(
      `local m = h:headers() m:add("a", "1") m:add("a", "2") m:add("r", m:get("a") .. m:getNumValues("a") .. m:getAtIndex("a", 1) .. select("#", m:getAtIndex("a", -1)))`,
    ),
  },
  {
    name: "header-inline",
    script: request(`h:headers():add("user-agent", "two") h:headers():add("cookie", "b=2")`),
    headers: { "user-agent": "one", cookie: "a=1" },
  },
  {
    name: "header-replace",
    script: both(`h:headers():replace("x-a", "new") h:headers():replace("x-b", "b")`),
    headers: { "x-a": "old" },
  },
  {
    name: "header-remove",
    script: request(`h:headers():remove("x-a")`),
    headers: { "x-a": "old" },
  },
  {
    name: "header-pairs",
    script: both(
      `for k, v in pairs(h:headers()) do if k:sub(1, 2) ~= "x-" then h:logInfo(k .. "=" .. v) end end`,
    ),
    headers: { accept: "*/*" },
  },
  {
    name: "header-modify-in-loop",
    script: request(`for k in pairs(h:headers()) do\nh:headers():add("a", "b")\nend`),
  },
  { name: "header-second-iterator", script: request(`pairs(h:headers())\npairs(h:headers())`) },
  { name: "header-no-value", script: request(`h:headers():add("a")`) },
  { name: "header-table-value", script: request(`h:headers():add("a", {})`) },
  {
    name: "header-late",
    script: request(`for _ in h:bodyChunks() do h:headers():add("a", "b") end`),
    body: "x",
  },
  { name: "header-path", script: request(`h:headers():replace(":path", "/rewritten?x=1")`) },
  { name: "header-status", script: response(`h:headers():replace(":status", "418")`) },
  {
    name: "request-headers",
    script: response(`h:headers():add("x-path", h:requestHeaders():get(":method"))`),
  },
];

const bodyCases: readonly LuaCase[] = [
  {
    name: "body-set-bad",
    script: request(
      `local b = h:body() b:setBytes("abc")\npcall(b.setBytes, b, {})\nh:headers():add("x-left", b:length()) b:setBytes("done")`,
    ),
    body: "hello",
  },
  {
    name: "body-wrap-get",
    script: both(`h:body(true)`),
  },
  {
    name: "call-then-body",
    script: request(
      `h:httpCall("callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a" }, nil, 0)\nh:logInfo(h:body():length())`,
    ),
    body: "hello",
  },
  {
    name: "pcall-call",
    script: request(
      `local ok, m = pcall(h.httpCall, h, "callout", { [":method"] = "GET", [":path"] = "/", [":authority"] = "a", host = "a" }, nil, 0) h:logInfo(tostring(ok) .. m[":status"])`,
    ),
  },
  {
    name: "body-length",
    script: both(`local b = h:body() h:headers():add("x-length", b and b:length() or "none")`),
    body: "hello",
  },
  { name: "body-none", script: request(`h:logInfo(tostring(h:body() == nil))`) },
  { name: "body-set", script: both(`h:body():setBytes("changed\\0bytes")`), body: "hello" },
  {
    name: "body-wrap",
    script: request(`local b = h:body(true) h:headers():add("x-set", b:setBytes("made"))`),
    method: "POST",
  },
  { name: "body-wrap-no", script: request(`h:body("x")`) },
  {
    name: "body-bytes",
    script: request(`local b = h:body() h:headers():add("x", b:getBytes(1, 3)) b:getBytes(3, 9)`),
    body: "hello",
  },
  { name: "body-twice", script: request(`h:body() h:logInfo(h:body():length())`), body: "hello" },
  {
    name: "body-then-chunks",
    script: request(`h:body()\nfor _ in h:bodyChunks() do end`),
    body: "hello",
  },
  {
    name: "body-object-dead",
    script: request(`local m = h:headers()\nh:body()\nm:add("a", "b")`),
    body: "hello",
  },
  {
    name: "body-in-chunks",
    differs: "the end of a body comes with its last bytes, not in an empty frame of its own",
    script: request(`for _ in h:bodyChunks() do\nh:body()\nend`),
    body: "hello",
  },
  { name: "trailers-then-body", script: request(`h:trailers()\nh:body()`), body: "hello" },
  { name: "trailers-none", script: both(`h:logInfo(tostring(h:trailers() == nil))`) },
  { name: "chunked-body", script: request(`h:logInfo(h:body():length())`), chunks: ["ab", "cde"] },
  {
    name: "chunks-none",
    script: request(`for _ in h:bodyChunks() do h:logInfo("no") end h:logInfo("after")`),
  },
  {
    name: "chunks-replace",
    differs: "the end of a body comes with its last bytes, not in an empty frame of its own",
    script: request(
      `h:headers():remove("content-length") local last for c in h:bodyChunks() do last = c end last:setBytes("x")`,
    ),
    body: "hello",
  },
];

const errorCases: readonly LuaCase[] = [
  { name: "nil-index", script: both(`local foo\nfoo["bar"] = 1`) },
  { name: "nil-call", script: request(`nothing()`) },
  { name: "nil-method", script: request(`h:nothing()`) },
  { name: "error-string", script: request(`error("boom")`) },
  { name: "error-level", script: request(`error("boom", 0)`) },
  { name: "error-number", script: request(`error(42)`) },
  { name: "error-table", script: request(`error({})`) },
  {
    name: "error-pcall",
    script: request(`h:logInfo(select(2, pcall(function() local x; x.y = 1 end)))`),
  },
  { name: "yield", script: request(`coroutine.yield()`) },
  { name: "log-table", script: request(`h:logTrace({})`) },
  {
    name: "log-levels",
    script: request(
      `h:logInfo("i") h:logWarn("w") h:logErr("e") h:logCritical("c") h:headers():logInfo(1.5)`,
    ),
  },
  { name: "no-hooks", script: "x = 1" },
  { name: "global-kept", script: "n = 0\n" + request(`n = n + 1 h:headers():add("x-n", n)`) },
  { name: "hook-reassigned", script: request(`envoy_on_request = nil h:headers():add("x", "1")`) },
];

const objectCases: readonly LuaCase[] = [
  {
    name: "metadata",
    script: both(
      `h:logInfo(tostring(h:metadata():get("m")) .. select("#", h:metadata():get("no")) .. type(h:metadata()))`,
    ),
  },
  {
    name: "metadata-pairs",
    script: request(
      `local t = {} for k, v in pairs(h:metadata()) do t[#t + 1] = k .. type(v) end table.sort(t) h:logInfo(table.concat(t, " "))`,
    ),
  },
  {
    name: "route-metadata",
    script: both(
      `h:logInfo(tostring(h:route():metadata():get("m")) .. tostring(h:virtualHost():metadata():get("v")))`,
    ),
  },
  { name: "filter-context", script: both(`h:logInfo(select("#", h:filterContext():get("k")))`) },
  {
    name: "stream-info",
    script: both(
      `local s = h:streamInfo() h:logInfo(s:protocol() .. s:routeName() .. s:virtualClusterName() .. s:requestedServerName() .. tostring(s:downstreamSslConnection()) .. tostring(h:connection():ssl()))`,
    ),
  },
  {
    name: "addresses",
    script: request(
      `local s = h:streamInfo() h:logInfo(s:downstreamLocalAddress() .. " " .. s:downstreamDirectLocalAddress() .. " " .. s:downstreamRemoteAddress() .. " " .. s:downstreamDirectRemoteAddress())`,
    ),
  },
  {
    name: "dynamic-metadata",
    script: request(
      `local d = h:streamInfo():dynamicMetadata() d:set("f", "k", { a = 1.5, b = { "x", "y" }, c = true, e = {} }) local t = d:get("f").k h:logInfo(t.a .. t.b[2] .. tostring(t.c) .. type(t.e) .. select("#", d:get("no"))) for name in pairs(d) do h:logInfo(name) end`,
    ),
  },
  {
    name: "dynamic-metadata-function",
    script: request(`h:streamInfo():dynamicMetadata():set("f", "k", print)`),
  },
  {
    name: "dynamic-metadata-mixed",
    script: request(`h:streamInfo():dynamicMetadata():set("f", "k", { 1, a = 2 })`),
  },
  {
    name: "dynamic-metadata-loop",
    script: request(
      `local d = h:streamInfo():dynamicMetadata() d:set("f", "k", 1) for _ in pairs(d) do\nd:set("f", "k", 2)\nend`,
    ),
  },
  {
    name: "typed-metadata",
    script: request(`h:logInfo(tostring(h:streamInfo():dynamicTypedMetadata("x")))`),
  },
  {
    name: "filter-state",
    script: request(`h:logInfo(tostring(h:streamInfo():filterState():get("x")))`),
  },
  {
    name: "connection-metadata",
    script: request(`h:logInfo(select("#", h:connectionStreamInfo():dynamicMetadata():get("x")))`),
  },
  {
    name: "base64",
    script: both(
      `h:headers():add("x-64", h:base64Escape("a\\0\\255b")) h:logInfo(h:base64Decode("YQ") .. tostring(h:base64Decode("!")))`,
    ),
  },
  {
    name: "timestamp",
    script: request(
      `h:logInfo(type(h:timestamp()) .. #h:timestampString() .. #h:timestampString(EnvoyTimestampResolution.MICROSECOND))\nh:timestamp("x")`,
    ),
  },
  { name: "timestamp-string", script: request(`h:timestampString("x")`) },
  {
    name: "public-key",
    script: request(
      `h:logInfo(tostring(h:importPublicKey("0000", 4):get()))\nh:verifySignature("sha256", "x", "y", 1, "z", 1)`,
    ),
  },
  {
    name: "clear-route-cache",
    script: both(`h:clearRouteCache() h:logInfo(h:streamInfo():routeName())`),
  },
];

const respondCases: readonly LuaCase[] = [
  {
    name: "respond",
    script: request(
      `h:respond({ [":status"] = "403", ["x-a"] = { "1", "2" } }, "nope") h:logInfo("not reached")`,
    ),
  },
  {
    name: "respond-type",
    script: request(
      `h:respond({ [":status"] = 200, ["content-type"] = "application/json" }, "{}")`,
    ),
  },
  { name: "respond-empty", script: request(`h:respond({ [":status"] = "204" })`) },
  { name: "respond-status", script: request(`h:respond({ [":status"] = "100" }, "x")`) },
  { name: "respond-no-status", script: request(`h:respond({}, "x")`) },
  { name: "respond-no-table", script: request(`h:respond("x")`) },
  { name: "respond-response", script: response(`h:respond({ [":status"] = "403" }, "nope")`) },
  {
    name: "respond-late",
    script: request(`for _ in h:bodyChunks() do\nh:respond({ [":status"] = "403" }, "nope")\nend`),
    body: "x",
  },
  {
    name: "respond-both",
    differs: "the place of `content-length: 0` in an answer without a body",
    script: `${request(`h:respond({ [":status"] = "302", location = "/x" })`)}\n${response(`h:headers():add("x-seen", h:headers():get(":status"))`)}`,
  },
];

const target = `{ [":method"] = "POST", [":path"] = "/callout", [":authority"] = "auth", ["x-list"] = { "1", "2" } }`;
const callCases: readonly LuaCase[] = [
  {
    name: "call",
    script: both(
      `local m, b = h:httpCall("callout", ${target}, "body", 5000) h:headers():add("x-got", m[":status"] .. m["x-double"] .. b:gsub("%c", "|"):sub(1, 300))`,
    ),
  },
  {
    name: "call-headers",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, 5000) local n = {} for k in pairs(m) do n[#n + 1] = k end table.sort(n) h:logInfo(table.concat(n, " "))`,
    ),
  },
  {
    name: "call-duplicates",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, { timeout_ms = 0, return_duplicate_headers = true, send_xff = false }) h:logInfo(table.concat(m["x-double"], "+"))`,
    ),
  },
  {
    name: "call-async",
    script: request(`h:logInfo(select("#", h:httpCall("callout", ${target}, nil, 100, true)))`),
  },
  {
    name: "call-timeout",
    script: request(
      `local m, b = h:httpCall("silent", ${target}, nil, 50) local n = {} for k, v in pairs(m) do n[#n + 1] = k .. "=" .. v end table.sort(n) h:logInfo(table.concat(n, " ") .. b)`,
    ),
  },
  {
    name: "call-no-host",
    script: request(
      `local m, b = h:httpCall("dead", ${target}, nil, 50) local n = {} for k, v in pairs(m) do n[#n + 1] = k .. "=" .. v end table.sort(n) h:logInfo(table.concat(n, " ") .. b)`,
    ),
  },
  {
    name: "call-body",
    script: request(
      `local b = h:body():getBytes(0, 5) local _, answer = h:httpCall("callout", ${target}, b, 0) h:headers():add("x-got", #answer > 0 and "yes" or "no")`,
    ),
    body: "hello",
  },
  {
    name: "call-respond",
    script: request(
      `local m = h:httpCall("callout", ${target}, nil, 0) h:respond({ [":status"] = "403" }, "because " .. m[":status"])`,
    ),
  },
  {
    name: "call-error",
    script: request(`h:httpCall("callout", ${target}, nil, 0)\nlocal x\nx.y = 1`),
  },
  { name: "call-unknown", script: request(`h:httpCall("unknown", ${target}, nil, 0)`) },
  { name: "call-negative", script: request(`h:httpCall("callout", ${target}, nil, -1)`) },
  {
    name: "call-option",
    script: request(`h:httpCall("callout", ${target}, nil, { nonsense = 1 })`),
  },
  { name: "call-flag", script: request(`h:httpCall("callout", ${target}, nil, 0, nil)`) },
  { name: "call-required", script: request(`h:httpCall("callout", { [":path"] = "/" }, nil, 0)`) },
  { name: "call-no-table", script: request(`h:httpCall("callout", "x", nil, 0)`) },
];

const says = (expression: string): string => request(`h:logInfo(${expression})`);
const dialectCases: readonly LuaCase[] = [
  {
    name: "numbers",
    script: says(
      `table.concat({ tostring(10 / 2), tostring(2 ^ 53), tostring(1e15), 3.7 .. "", 1e100 .. "", tostring(0x10), tostring(-0), tostring(1 / 0) }, " ")`,
    ),
  },
  {
    name: "number-tie",
    script: says("123456789012345"),
    differs: "%.14g of a number that lies exactly between two texts",
  },
  { name: "nan", script: says("tostring(0 / 0)"), differs: "the text of NaN" },
  { name: "bit", script: says("bit.bxor(0xff, 0x0f) .. bit.tohex(-1) .. bit.lshift(1, 31)") },
  { name: "format", script: says(`string.format("%d %5.2f %x %q", 3.7, 1 / 3, 255, "a\\nb")`) },
  { name: "gsub", script: says(`(("hello world"):gsub("o*", "0")) .. (("a.b"):gsub("%.", "%%"))`) },
  {
    name: "gmatch",
    script: request(`for w in ("a=1,,b=2"):gmatch("[^,]*") do h:logInfo("<" .. w .. ">") end`),
  },
  { name: "random", script: says("math.floor(math.random() * 1e6) .. math.random(100)") },
  {
    name: "unpack",
    script: says("select('#', unpack({ 1, 2, 3 })) .. table.getn({ 1 }) .. math.pow(2, 3)"),
  },
  {
    name: "setfenv",
    script: request(`local f = setfenv(function() return y end, { y = "env" }) h:logInfo(f())`),
  },
  {
    name: "loadstring",
    script: request(
      `h:logInfo(tostring(select(2, loadstring("x ="))) .. loadstring("return 1 + 1")())`,
    ),
  },
  {
    name: "xpcall",
    script: request(
      `h:logInfo(select(2, xpcall(function() local t = {} t.x.y = 1 end, function(m) return "H " .. m end)))`,
    ),
  },
  {
    name: "date",
    script: says(`os.date("!%Y-%m-%dT%H:%M:%SZ", 1e9) .. tostring(os.getenv("NOT_THERE"))`),
  },
  { name: "require", script: says(`tostring(require("bit") == bit)`) },
  { name: "ffi", script: says(`type(require("ffi"))`), differs: "there is no ffi" },
  { name: "io", script: says(`type(io.open)`), differs: "scripts have no files" },
  {
    name: "yield-in-iterator",
    script: request(
      `local function each() return coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) end for i in each() do h:logInfo(i) end`,
    ),
  },
  { name: "pcall-body", script: request(`h:logInfo(tostring(pcall(h.body, h)))`), body: "x" },
];

/** Of the kind that people publish. */
const publishedCases: readonly LuaCase[] = [
  {
    name: "redirect-https",
    differs: "the place of `content-length: 0` in an answer without a body",
    script: request(
      `local m = h:headers() if m:get(":scheme") == "http" then h:respond({ [":status"] = "301", ["location"] = "https://" .. m:get(":authority") .. m:get(":path") }, "") end`,
    ),
  },
  {
    name: "basic-auth",
    script: request(
      `local a = h:headers():get("authorization") if a ~= "Basic dTpw" then h:respond({ [":status"] = "401", ["www-authenticate"] = 'Basic realm="x"' }, "Unauthorized") end`,
    ),
    headers: { authorization: "Basic dTpw" },
  },
  {
    name: "basic-auth-refused",
    script: request(
      `local a = h:headers():get("authorization") if a ~= "Basic dTpw" then h:respond({ [":status"] = "401", ["www-authenticate"] = 'Basic realm="x"' }, "Unauthorized") end`,
    ),
  },
  {
    name: "cors",
    script: `${request(`local m = h:headers() if m:get(":method") == "OPTIONS" then h:respond({ [":status"] = "204", ["access-control-allow-origin"] = m:get("origin") }) end`)}\n${response(`h:headers():add("vary", "origin")`)}`,
    method: "OPTIONS",
    headers: { origin: "http://a" },
  },
  {
    name: "jwt-claims",
    script: request(
      `local t = h:headers():get("authorization"):match("^Bearer (.+)$") local _, p = t:match("([^.]*)%.([^.]*)%.(.*)") local claims = h:base64Decode(p) h:headers():add("x-sub", claims:match('"sub":"([^"]*)"'))`,
    ),
    headers: { authorization: "Bearer e30.eyJzdWIiOiJtZSJ9.sig" },
  },
  {
    name: "ab-routing",
    script: request(
      `local c = h:headers():get("cookie") or "" h:headers():replace("x-variant", c:find("ab=b", 1, true) and "b" or "a")`,
    ),
    headers: { cookie: "z=1; ab=b" },
  },
  {
    name: "cookies",
    script: request(
      `for k, v in h:headers():get("cookie"):gmatch("([%w_]+)=([^;]+)") do h:headers():add("x-cookie-" .. k, v) end`,
    ),
    headers: { cookie: "a=1; b_c=two" },
  },
  {
    name: "query",
    script: request(
      `local q = h:headers():get(":path"):match("%?(.*)") local t = {} for k, v in q:gmatch("([^&=]+)=([^&]*)") do t[#t + 1] = k .. ":" .. v:gsub("%%(%x%x)", function(x) return string.char(tonumber(x, 16)) end) end h:headers():add("x-query", table.concat(t, ","))`,
    ),
    path: "?a=1&b=x%20y",
  },
  {
    name: "json-field",
    script: request(
      `local b = h:body() local s = b:getBytes(0, b:length()) h:headers():add("x-name", s:match('"name"%s*:%s*"([^"]*)"')) b:setBytes((s:gsub('"secret":"[^"]*"', '"secret":"***"')))`,
    ),
    method: "POST",
    body: '{"name":"x","secret":"y"}',
  },
  {
    name: "maintenance",
    script: response(
      `if h:headers():get(":status") == "200" then h:headers():replace(":status", "503") h:headers():add("retry-after", 3600) h:headers():replace("content-type", "text/html") h:body():setBytes("<h1>back soon</h1>") end`,
    ),
  },
  {
    name: "security-headers",
    script: response(
      `local m = h:headers() m:remove("server") m:add("x-frame-options", "DENY") m:add("strict-transport-security", "max-age=63072000") m:replace("cache-control", "no-store")`,
    ),
  },
  {
    name: "strip-prefix",
    script: request(
      `local p = h:headers():get(":path") h:headers():add("x-original-path", p) h:headers():replace(":path", (p:gsub("^/[^/]+", "/api")))`,
    ),
  },
  {
    name: "auth-callout",
    script: request(
      `local m, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/auth", [":authority"] = "auth", authorization = h:headers():get("authorization") }, nil, 1000) if m[":status"] ~= "200" then h:respond({ [":status"] = m[":status"] }, b) end h:headers():add("x-user", m["x-double"])`,
    ),
    headers: { authorization: "t" },
  },
  {
    name: "request-counter",
    script: `local count = {}\n${request(`local k = h:headers():get("x-key") count[k] = (count[k] or 0) + 1 if count[k] > 100 then h:respond({ [":status"] = "429" }, "slow down") end h:headers():add("x-count", count[k])`)}`,
    headers: { "x-key": "k" },
  },
  {
    name: "both-hooks",
    script: `${request(`h:streamInfo():dynamicMetadata():set("lua", "path", h:headers():get(":path"))`)}\n${response(`h:headers():add("x-path", h:streamInfo():dynamicMetadata():get("lua").path)`)}`,
  },
  {
    name: "uppercase-response",
    script: response(`local b = h:body() b:setBytes(b:getBytes(0, b:length()):upper())`),
  },
  {
    name: "user-agent-block",
    script: request(
      `local ua = (h:headers():get("user-agent") or ""):lower() for _, bot in ipairs({ "curl", "bot" }) do if ua:find(bot, 1, true) then h:respond({ [":status"] = "403" }, "no bots") end end`,
    ),
    headers: { "user-agent": "CURL/8" },
  },
  {
    name: "hash-split",
    script: request(
      `local x = 5381 for i = 1, #h:headers():get("x-key") do x = (x * 33 + h:headers():get("x-key"):byte(i)) % 2 ^ 32 end h:headers():add("x-bucket", x % 100) h:headers():add("x-hash", x)`,
    ),
    headers: { "x-key": "somebody" },
  },
  {
    name: "metatable-class",
    script: `local C = {} C.__index = C\nfunction C.new(h) return setmetatable({ h = h }, C) end\nfunction C:run() self.h:headers():add("x-class", "yes") end\n${request("C.new(h):run()")}`,
  },
  {
    name: "log-request",
    script: request(
      `h:logInfo(string.format("%s %s from %s", h:headers():get(":method"), h:headers():get(":path"), (h:streamInfo():downstreamRemoteAddress():gsub(":%d+", ""))))`,
    ),
  },
];

export const luaCases: readonly LuaCase[] = [
  ...headerCases,
  ...bodyCases,
  ...errorCases,
  ...objectCases,
  ...respondCases,
  ...callCases,
  ...dialectCases,
  ...publishedCases,
];
