import { type LuaCase, request, response } from "../case.ts";

/** Of the kind that people publish. */
export const publishedCases: readonly LuaCase[] = [
  {
    name: "redirect-https",
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
      `local m, b = h:httpCall("callout", { [":method"] = "GET", [":path"] = "/auth", [":authority"] = "auth", authorization = h:headers():get("authorization") }, nil, 60000) if m[":status"] ~= "200" then h:respond({ [":status"] = m[":status"] }, b) end h:headers():add("x-user", m["x-double"])`,
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
  {
    name: "pub-api-key",
    script: `local keys = { ["k-1"] = "alice", ["k-2"] = "bob" }\n${request(`local user = keys[h:headers():get("x-api-key") or ""] if not user then h:respond({ [":status"] = "401", ["content-type"] = "application/json" }, '{"error":"unauthorized"}') else h:headers():remove("x-api-key") h:headers():add("x-user", user) end`)}`,
    headers: { "x-api-key": "k-2" },
  },
  {
    name: "pub-api-key-missing",
    script: `local keys = { ["k-1"] = "alice" }\n${request(`local user = keys[h:headers():get("x-api-key") or ""] if not user then h:respond({ [":status"] = "401", ["content-type"] = "application/json" }, '{"error":"unauthorized"}') end`)}`,
  },
  {
    name: "pub-auth-denied",
    script: request(
      `local m, b = h:httpCall("callout", { [":method"] = "POST", [":path"] = "/verify?answer=denied", [":authority"] = "auth.local", ["x-token"] = h:headers():get("authorization") or "" }, nil, 60000) if m[":status"] ~= "200" then h:respond({ [":status"] = m[":status"], ["x-reason"] = m["x-reason"] }, b) end`,
    ),
    headers: { authorization: "Bearer t" },
  },
  {
    name: "pub-auth-body",
    script: request(
      `local body = h:body() local text = body and body:getBytes(0, body:length()) or "" local m, answer = h:httpCall("callout", { [":method"] = "POST", [":path"] = "/check", [":authority"] = "auth" }, text, 60000) h:headers():add("x-checked", m[":status"])`,
    ),
    body: '{"amount":12}',
  },
  {
    name: "pub-logout-cookie",
    script: response(
      `h:headers():add("set-cookie", "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly")`,
    ),
    path: "?answer=cookies",
  },
  {
    name: "pub-cookie-flags",
    script: response(
      `local m, out = h:headers(), {} for i = 0, m:getNumValues("set-cookie") - 1 do out[#out + 1] = m:getAtIndex("set-cookie", i) end m:remove("set-cookie") for _, c in ipairs(out) do m:add("set-cookie", c .. "; Secure; HttpOnly") end`,
    ),
    path: "?answer=cookies",
  },
  {
    name: "pub-sticky-cookie",
    script: `${request(`local c = h:headers():get("cookie") or "" local id = c:match("sid=([%w-]+)") h:streamInfo():dynamicMetadata():set("sticky", "id", id or "new")`)}\n${response(`local id = h:streamInfo():dynamicMetadata():get("sticky")["id"] if id == "new" then h:headers():add("set-cookie", "sid=fresh; Path=/") else h:headers():add("x-sid", id) end`)}`,
    headers: { cookie: "a=b; sid=abc-1; c=d" },
  },
  {
    name: "pub-canary-percent",
    script: `local n = 0\n${request(`n = n + 1 if n % 4 == 0 then h:headers():add("x-canary", "true") end`)}`,
    times: 5,
  },
  {
    name: "pub-route-by-header",
    script: request(
      `if h:headers():get("x-version") == "2" then h:headers():replace(":path", "/to-other/v2") h:clearRouteCache() end`,
    ),
    headers: { "x-version": "2" },
  },
  {
    name: "pub-hmac-like",
    script: `local function sum(s) local a, b = 1, 0 for i = 1, #s do a = (a + s:byte(i)) % 65521 b = (b + a) % 65521 end return bit.tohex(bit.bor(bit.lshift(b, 16), a)) end\n${request(`local m = h:headers() m:add("x-signature", sum(m:get(":method") .. m:get(":path") .. "secret"))`)}`,
  },
  {
    name: "pub-signed-body",
    script: `local function djb(s) local x = 5381 for i = 1, #s do x = bit.bxor(bit.lshift(x, 5) + x, s:byte(i)) end return bit.tohex(x) end\n${request(`local b = h:body() h:headers():add("x-digest", djb(b:getBytes(0, b:length())))`)}`,
    body: "payload",
  },
  {
    name: "pub-rate-limit",
    script: `local seen, limit = {}, 2\n${request(`local who = h:streamInfo():downstreamRemoteAddress():match("^[^:]+") seen[who] = (seen[who] or 0) + 1 if seen[who] > limit then h:respond({ [":status"] = "429", ["retry-after"] = "1" }, "Too Many Requests") end`)}`,
    times: 4,
  },
  {
    name: "pub-geo",
    script: `local countries = { ["10.1"] = "DE", ["10.2"] = "FR" }\n${request(`local ip = (h:headers():get("x-forwarded-for") or ""):match("[%d.]+") or "" h:headers():add("x-country", countries[ip:match("^%d+%.%d+")] or "ZZ")`)}`,
    headers: { "x-forwarded-for": "10.2.3.4" },
  },
  {
    name: "pub-language",
    script: request(
      `local best, q = "en", 0 for lang, w in (h:headers():get("accept-language") or ""):gmatch("([%a-]+);?q?=?([%d.]*)") do w = tonumber(w) or 1 if w > q then best, q = lang, w end end h:headers():replace("x-language", best:lower())`,
    ),
    headers: { "accept-language": "de-CH;q=0.8, fr;q=0.9, en;q=0.3" },
  },
  {
    name: "pub-cors-origins",
    script: `local allowed = { ["https://a.example"] = true }\n${request(`local o = h:headers():get("origin") if o then h:streamInfo():dynamicMetadata():set("cors", "origin", o) end`)}\n${response(`local c = h:streamInfo():dynamicMetadata():get("cors") if c and allowed[c.origin] then h:headers():add("access-control-allow-origin", c.origin) h:headers():add("access-control-allow-credentials", "true") end`)}`,
    headers: { origin: "https://a.example" },
  },
  {
    name: "pub-json-response",
    script: response(
      `if (h:headers():get("content-type") or ""):find("json") then local b = h:body() local s = b:getBytes(0, b:length()) s = s:gsub('"secret"%s*:%s*"[^"]*",?', "") b:setBytes(s) end`,
    ),
    path: "?answer=json",
  },
  {
    name: "pub-json-numbers",
    script: response(
      `local b = h:body() local total = 0 for n in b:getBytes(0, b:length()):match("%[(.-)%]"):gmatch("%d+") do total = total + n end h:headers():add("x-total", total)`,
    ),
    path: "?answer=json",
  },
  {
    name: "pub-error-page",
    script: response(
      `if tonumber(h:headers():get(":status")) >= 500 then h:headers():replace("content-type", "text/html") h:body():setBytes("<h1>" .. h:headers():get(":status") .. "</h1>") end`,
    ),
    path: "?answer=failure",
  },
  {
    name: "pub-maintenance-window",
    script: `local closed = true\n${request(`if closed and not (h:headers():get("x-admin") == "1") then h:respond({ [":status"] = "503", ["content-type"] = "text/html; charset=utf-8" }, "<html><body>Zurück um 10 Uhr</body></html>") end`)}`,
  },
  {
    name: "pub-request-id",
    script: `${request(`local id = h:headers():get("x-request-id") h:streamInfo():dynamicMetadata():set("ids", "request", id)`)}\n${response(`h:headers():add("x-request-id", h:streamInfo():dynamicMetadata():get("ids").request)`)}`,
  },
  {
    name: "pub-timing",
    script: `${request(`h:streamInfo():dynamicMetadata():set("t", "start", h:timestamp())`)}\n${response(`local took = h:timestamp() - h:streamInfo():dynamicMetadata():get("t").start h:headers():add("x-took", took >= 0 and "some" or "none")`)}`,
  },
  {
    name: "pub-strip-server-info",
    script: response(
      `local drop = {} for k in pairs(h:headers()) do if k:match("^x%-") then drop[#drop + 1] = k end end for _, k in ipairs(drop) do h:headers():remove(k) end`,
    ),
  },
  {
    name: "pub-host-rewrite",
    script: request(
      `local tenant = h:headers():get(":authority"):match("^([^.]+)%.") if tenant then h:headers():add("x-tenant", tenant) h:headers():replace(":authority", "backend.local") end`,
    ),
    headers: { host: "acme.example.com" },
  },
  {
    name: "pub-path-regex",
    script: request(
      `local p = h:headers():get(":path") local user, rest = p:match("/u/(%d+)/(.*)$") if user then h:headers():add("x-user-id", user) h:headers():replace(":path", "/" .. rest) end`,
    ),
    path: "/u/42/orders?page=2",
  },
  {
    name: "pub-method-override",
    script: request(
      `local o = h:headers():get("x-http-method-override") if o and h:headers():get(":method") == "POST" then h:headers():replace(":method", o:upper()) end`,
    ),
    headers: { "x-http-method-override": "put" },
    body: "x",
  },
  {
    name: "pub-form-fields",
    script: request(
      `local b = h:body() local f = {} for k, v in b:getBytes(0, b:length()):gmatch("([^&=]+)=([^&=]*)") do f[k] = v:gsub("+", " "):gsub("%%(%x%x)", function(x) return string.char(tonumber(x, 16)) end) end h:headers():add("x-name", f.name) b:setBytes("name=" .. f.name)`,
    ),
    body: "name=Jo%20hn&b=2",
  },
  {
    name: "pub-log-json",
    script: response(
      `h:logInfo(string.format('{"status":%d,"length":%s}', tonumber(h:headers():get(":status")), h:headers():get("content-length") or "null"))`,
    ),
  },
  {
    name: "pub-sql-guard",
    script: request(
      `local p = h:headers():get(":path"):lower() for _, word in ipairs({ "union%s+select", "%.%./", "<script" }) do if p:gsub("%%20", " "):find(word) then h:respond({ [":status"] = "403" }, "blocked") end end`,
    ),
    path: "?q=1%20UNION%20select",
  },
  {
    name: "pub-size-limit",
    script: request(
      `if tonumber(h:headers():get("content-length") or 0) > 10 then h:respond({ [":status"] = "413" }, "too large") end`,
    ),
    body: "more than ten bytes",
  },
  {
    name: "pub-chunk-count",
    script: response(
      `local n = 0 for c in h:bodyChunks() do n = n + c:length() end h:logInfo("bytes " .. n)`,
    ),
    path: "?answer=big",
  },
  {
    name: "pub-cache-lookup",
    script: `local cache = {}\n${request(`local hit = cache[h:headers():get(":path")] if hit then h:respond({ [":status"] = "200", ["x-cache"] = "hit" }, hit) else h:streamInfo():dynamicMetadata():set("c", "path", h:headers():get(":path")) end`)}\n${response(`local c = h:streamInfo():dynamicMetadata():get("c") if c and h:headers():get("x-cache") == nil then local b = h:body() cache[c.path] = b:getBytes(0, b:length()) end`)}`,
    times: 2,
  },
];
