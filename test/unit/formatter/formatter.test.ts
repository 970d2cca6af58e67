import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import { newUpstreamInfo, StreamInfoImpl } from "../../../host/src/common/stream-info.ts";
import type { IpAddress } from "../../../host/src/contracts/address.ts";
import { ResponseFlag } from "../../../host/src/contracts/stream-info.ts";
import type { StreamInfo } from "../../../host/src/contracts/stream-info.ts";
import type { HostDescription } from "../../../host/src/contracts/upstream/host.ts";
import {
  compileFormat,
  defaultFormat,
  type FormatOptions,
} from "../../../host/src/formatter/formatter.ts";
import { compileJsonFormat } from "../../../host/src/formatter/json-formatter.ts";

const ip = (address: string, port: number): IpAddress => ({
  kind: "ip",
  ip: address,
  port,
  family: address.includes(":") ? 6 : 4,
});

const startSystem = Date.UTC(2026, 10, 21, 14, 15, 26, 425) + 0.592;

function streamInfo(): StreamInfo {
  const time = { monotonicMs: () => 1000, systemMs: () => startSystem };
  const info = new StreamInfoImpl(time, {
    downstreamLocalAddress: ip("127.0.0.1", 10000),
    downstreamRemoteAddress: ip("::1", 4711),
    downstreamDirectRemoteAddress: ip("10.0.0.9", 4712),
    connectionId: 7,
    filterChainName: "chain",
    requestedServerName: "",
  });
  info.protocol = "HTTP/1.1";
  info.responseCode = 200;
  info.responseCodeDetails = "via upstream";
  info.bytesReceived = 3;
  info.bytesSent = 5;
  info.lastRxByteMs = 1001.5;
  info.firstTxByteMs = 1010;
  info.lastTxByteMs = 1012.25;
  info.endTimeMs = 1012.75;
  info.routeName = "rü";
  info.requestHeaders = headerMapOf([
    [":method", "GET"],
    [":path", "/rewritten?q=1"],
    [":authority", "h"],
    ["x-envoy-original-path", "/p?q=a%20b+c&q=2&e="],
    ["x-a", "abcdef"],
    ["x-bytes", "\xc3\xa4"],
    ["x-broken", "\xc3\xff"],
    ["x-tab", "a\tb"],
  ]);
  info.responseHeaders = headerMapOf([[":status", "200"]]);
  return info;
}

function withUpstream(info: StreamInfo): StreamInfo {
  const host = {
    addressText: "127.0.0.1:8080",
    hostname: "up.example:99",
    metadata: { ns: { k: "v" } },
  } as unknown as HostDescription;
  info.upstreamInfo = {
    ...newUpstreamInfo(),
    host,
    clusterName: "up",
    clusterObservabilityName: "up_alt",
    localAddress: ip("127.0.0.1", 50000),
    remoteAddress: ip("127.0.0.1", 8080),
    connectionId: 2,
    attemptCount: 1,
    firstTxByteMs: 1002,
    lastTxByteMs: 1003,
    firstRxByteMs: 1005,
    lastRxByteMs: 1012,
    protocol: "HTTP/1.1",
  };
  return info;
}

function format(text: string, info = streamInfo(), options: FormatOptions = {}): string {
  const formatter = compileFormat(text, options);
  assert.ok(formatter.ok, formatter.ok ? "" : formatter.error);
  return formatter.value.format(info);
}

function problem(text: string): string {
  const formatter = compileFormat(text);
  assert.ok(!formatter.ok, `${text} should be refused`);
  return formatter.error;
}

test("compileFormat() gives Envoy's default line", () => {
  const info = withUpstream(streamInfo());
  assert.equal(
    format(defaultFormat, info),
    '[2026-11-21T14:15:26.425Z] "GET /p?q=a%20b+c&q=2&e= HTTP/1.1" 200 - 3 5 12 - "-" "-" "-" "h" "127.0.0.1:8080"\n',
  );
});

test("compileFormat() keeps literal text, %% and text after the last command", () => {
  assert.equal(format("100%% of %PROTOCOL%."), "100% of HTTP/1.1.");
  assert.equal(format(""), "");
  assert.equal(format("ü"), "\xc3\xbc", "literal text becomes UTF-8 bytes");
});

test("compileFormat() refuses what Envoy refuses, in its words", () => {
  const cases: readonly (readonly [format: string, text: string])[] = [
    ["%FOO%", "Not supported field in StreamInfo: FOO"],
    [
      "%toString%",
      "Incorrect configuration: %toString%. Couldn't find valid command at position 0",
    ],
    ["a%", "Incorrect configuration: a%. Couldn't find valid command at position 1"],
    [
      "%DURATION(",
      "Incorrect configuration: %DURATION(. Couldn't find valid command at position 0",
    ],
    ["%DURATION(1)%", "DURATION does not take any parameters or length"],
    ["%DURATION:3%", "DURATION does not take any parameters or length"],
    ["%START_TIME:3%", "START_TIME does not allow length to be specified."],
    ["%REQ%", "REQ requires parameters"],
    ["%REQ(A?B?C)%", "More than 1 alternative header specified in token: A?B?C"],
    ["%REQ(a b)%", "Invalid header configuration. Format string contains invalid characters."],
    ["%COMMON_DURATION(A)%", "Invalid common duration configuration: A."],
    ["%COMMON_DURATION(A:B:x)%", "Invalid common duration precision: x."],
    ["%PATH(XX)%", "Invalid PATH option: 'XX', only 'WQ'/'NQ' are allowed"],
    [
      "%FILTER_STATE(a:FOO)%",
      "Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.",
    ],
    ["%FILTER_STATE%", "Invalid filter state configuration, key cannot be empty."],
    ["%METADATA(FOO:a)%", "FOO is not supported type of metadata"],
    [
      "%GRPC_STATUS(X)%",
      "GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: X",
    ],
  ];
  for (const [text, expected] of cases) assert.equal(problem(text), expected);
});

test("compileFormat() refuses operators whose facts are not recorded, by name", () => {
  assert.match(problem("%UPSTREAM_WIRE_BYTES_SENT%"), /%UPSTREAM_WIRE_BYTES_SENT% of Envoy is not/);
  assert.match(problem("%COMMON_DURATION(DS_RX_BEG:US_CX_END)%"), /US_CX_END is not recorded/);
  assert.match(problem("%COMMON_DURATION(DS_RX_BEG:US_HS_END)%"), /US_HS_END is not recorded/);
});

test("format() prints the operators of a proxied stream", () => {
  const info = withUpstream(streamInfo());
  info.responseFlags = ResponseFlag.UpstreamConnectionFailure | ResponseFlag.NoHealthyUpstream;
  const cases: readonly (readonly [format: string, text: string])[] = [
    ["%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%", "UH,UF NoHealthyUpstream,UpstreamConnectionFailure"],
    ["%RESPONSE_CODE_DETAILS%", "via_upstream"],
    ["%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%", "via upstream"],
    ["%REQUEST_DURATION% %REQUEST_TX_DURATION%", "1 3"],
    ["%RESPONSE_DURATION% %RESPONSE_TX_DURATION%", "5 7"],
    ["%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%", "12250"],
    ["%COMMON_DURATION(DS_RX_END:DS_RX_BEG)% %COMMON_DURATION(A:DS_TX_END)%", "- -"],
    ["%UPSTREAM_HOST% %UPSTREAM_HOST_NAME%", "127.0.0.1:8080 up.example:99"],
    ["%UPSTREAM_HOST_NAME_WITHOUT_PORT%", "up.example"],
    ["%UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW%", "up_alt up"],
    ["%UPSTREAM_LOCAL_ADDRESS% %UPSTREAM_REMOTE_PORT%", "127.0.0.1:50000 8080"],
    ["%DOWNSTREAM_REMOTE_ADDRESS%", "[::1]:4711"],
    ["%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%", "::1 4711"],
    ["%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "10.0.0.9:4712"],
    ["%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_DIRECT_LOCAL_PORT%", "127.0.0.1:10000 10000"],
    ["%CONNECTION_ID% %UPSTREAM_CONNECTION_ID%", "7 2"],
    ["%ROUTE_NAME% %FILTER_CHAIN_NAME%", "r\xc3\xbc chain"],
    ["%REQ(X-MISSING?X-A):3%|%REQ(X-A):0%", "abc|"],
    ["%REQ(X-TAB)%", "a\tb"],
    ["%RESP(:STATUS)% %TRAILER(X)%", "200 -"],
    ["%PATH% %PATH(NQ)% %PATH(WQ:PATH)%", "/p?q=a%20b+c&q=2&e= /p /rewritten?q=1"],
    ["%QUERY_PARAM(q)% %QUERY_PARAM(nope)%", "1 -"],
    ["%UPSTREAM_METADATA(ns)% %METADATA(UPSTREAM_HOST:ns:k)%", '{"k":"v"} v'],
    ["%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_PEER_CERT_V_START(%Y)% %TRACE_ID%", "- - -"],
    ["%ACCESS_LOG_TYPE% %LOCAL_REPLY_BODY%|%CUSTOM_FLAGS%|", "NotSet ||"],
  ];
  for (const [text, expected] of cases) assert.equal(format(text, info), expected, text);
});

test("format() prints a dash where a value is missing, or nothing with omitEmptyValues", () => {
  const info = streamInfo();
  assert.equal(format("%UPSTREAM_HOST%|%REQ(NOPE)%|%RESPONSE_DURATION%", info), "-|-|-");
  assert.equal(format("<%UPSTREAM_HOST%>", info, { omitEmptyValues: true }), "<>");
  assert.equal(format("%UPSTREAM_CONNECTION_ID% %UPSTREAM_REQUEST_ATTEMPT_COUNT%", info), "0 0");
});

test("format() writes times as strftime does, with Envoy's fractions", () => {
  const text = format(
    "%START_TIME(%Y/%m/%d %H:%M:%S.%3f %s %f %1f %6f %Z %z %j %e %a %b %p %I %T %D %F %Q %% %E3S %E*S %Ez %k %c)%",
  );
  assert.equal(
    text,
    "2026/11/21 14:15:26.425 1795270526 425592000 4 425592 UTC +0000 325 21 Sat Nov PM 02 14:15:26 11/21/26 2026-11-21 %Q % 26.425 26.425592 +00:00 14 Sat Nov 21 14:15:26 2026",
  );
  assert.equal(
    format("%START_TIME(%G-%V %U %W %u %w %y %C %l %P)%"),
    "2026-47 46 46 6 6 26 20  2 pm",
  );
});

test("format() escapes control characters, so that no value can start a line of its own", () => {
  const info = streamInfo();
  info.dynamicMetadata = new Map([["ns", { k: "a\nb\u001b[31m\r", o: { x: 1 }, z: null }]]);
  assert.equal(format("%DYNAMIC_METADATA(ns:k)%", info), "a\\nb\\x1b[31m\\r");
  assert.equal(format("%DYNAMIC_METADATA(ns:o:x)% %DYNAMIC_METADATA(ns:o)%", info), '1 {"x":1}');
  assert.equal(format("%DYNAMIC_METADATA(ns:z)% %DYNAMIC_METADATA(nope)%", info), "- -");
  assert.equal(format("%DYNAMIC_METADATA(ns:o):4%", info), '{"x"');
});

test("format() prints filter state plain, typed or by field", () => {
  const info = streamInfo();
  info.filterState.set("s", "value a");
  info.filterState.set("o", { f: 1 });
  info.filterState.set("b", Buffer.from("bytes"));
  assert.equal(format("%FILTER_STATE(s)% %FILTER_STATE(s:PLAIN)%", info), '"value a" value a');
  assert.equal(format("%FILTER_STATE(s:PLAIN):2% %FILTER_STATE(o:FIELD:f)%", info), "va 1");
  assert.equal(format("%FILTER_STATE(b:PLAIN)% %FILTER_STATE(nope)%", info), "bytes -");
});

test("format() prints the status of gRPC requests only", () => {
  const info = streamInfo();
  info.responseTrailers = headerMapOf([["grpc-status", "5"]]);
  assert.equal(format("%GRPC_STATUS%", info), "-");
  info.requestHeaders!.set("content-type", "application/grpc");
  assert.equal(
    format("%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%", info),
    "NotFound NOT_FOUND 5",
  );
  info.responseTrailers = undefined;
  info.responseCode = 503;
  assert.equal(format("%GRPC_STATUS(NUMBER)%", info), "14", "mapped from the HTTP code");
});

test("format() takes the environment from its options", () => {
  const environment = {
    time: { monotonicMs: () => 1007, systemMs: () => startSystem + 1 },
    random: { uint32: () => 0, uuid: () => "u-u-i-d" },
    hostname: "box",
    variables: { HOME: "/root" },
  };
  const info = streamInfo();
  info.endTimeMs = 0;
  assert.equal(
    format(
      "%HOSTNAME% %UNIQUE_ID% %ENVIRONMENT(HOME):3% %ENVIRONMENT(NOPE)% %DURATION% %EMIT_TIME(%3f)%",
      info,
      { environment },
    ),
    "box u-u-i-d /ro - 7 426",
  );
});

test("compileJsonFormat() sorts keys, keeps types and writes null for what is missing", () => {
  const formatter = compileJsonFormat({
    Z: "1",
    a: "%DURATION%",
    B: { ü: "ü" },
    c: "x %REQ(NOPE)% y",
    n: 1,
    t: true,
    u: null,
    'q"k': "%%",
    num: "%RESPONSE_CODE%x",
    e: {},
    l: ["%REQ(NOPE)%", "%PROTOCOL%"],
    m: "%REQ(X-BYTES)%",
    o: "%REQ(X-BROKEN)%",
  });
  assert.ok(formatter.ok);
  assert.equal(
    Buffer.from(formatter.value.format(streamInfo()), "latin1").toString(),
    '{"B":{"ü":"ü"},"Z":"1","a":12,"c":"x - y","e":{},"l":[null,"HTTP/1.1"],"m":"ä","n":1,"num":"200x","o":"\\u00c3\\u00ff","q\\"k":"%","t":true,"u":null}\n',
  );
});

test("compileJsonFormat() leaves out what is missing with omitEmptyValues", () => {
  const formatter = compileJsonFormat(
    { b: "%REQ(NOPE)%", c: "x %REQ(NOPE)% y", e: ["%REQ(NOPE)%", 1, null], d: { z: "%REQ(N)%" } },
    { omitEmptyValues: true },
  );
  assert.ok(formatter.ok);
  assert.equal(formatter.value.format(streamInfo()), '{"c":"x  y","d":{},"e":[1]}\n');
});

test("compileJsonFormat() refuses a bad command anywhere inside", () => {
  const formatter = compileJsonFormat({ a: { b: ["%FOO%"] } });
  assert.deepEqual(formatter, { ok: false, error: "Not supported field in StreamInfo: FOO" });
});
