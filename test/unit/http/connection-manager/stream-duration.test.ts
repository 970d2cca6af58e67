import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import { parseGrpcTimeout } from "../../../../host/src/common/grpc-timeout.ts";
import { streamDurationMs } from "../../../../host/src/http/connection-manager/stream-duration.ts";

test("parseGrpcTimeout() reads a value and its unit, and nothing else", () => {
  for (const [text, ms] of [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["4m", 4],
    ["1u", 1],
    ["0m", 0],
    ["123456789m", undefined],
    ["5", undefined],
    ["5x", undefined],
    ["-5m", undefined],
    ["", undefined],
    [undefined, undefined],
  ] as const) {
    assert.equal(parseGrpcTimeout(text), ms, String(text));
  }
});

const cases: [
  what: string,
  header: string | undefined,
  config: Partial<Parameters<typeof streamDurationMs>[1]>,
  ms: number,
  told: string | undefined,
][] = [
  ["the client's timeout", "5S", { grpcHeaderMaxMs: 0 }, 5000, "5000m"],
  ["the client's timeout up to the cap", "5S", { grpcHeaderMaxMs: 1000 }, 1000, "1000m"],
  ["the offset taken off", "5S", { grpcHeaderMaxMs: 0, grpcHeaderOffsetMs: 500 }, 4500, "4500m"],
  ["no less than nothing", "1m", { grpcHeaderMaxMs: 0, grpcHeaderOffsetMs: 500 }, 0, "0m"],
  [
    "the route's limit without a header",
    undefined,
    { maxMs: 700, grpcHeaderMaxMs: 0 },
    700,
    "700m",
  ],
  ["the default without either", undefined, { grpcHeaderMaxMs: 0 }, 9000, undefined],
  ["the route's limit when the header does not count", "5S", { maxMs: 700 }, 700, "700m"],
  ["no limit for 0", "5S", { maxMs: 0 }, Infinity, "5S"],
];
for (const [what, header, config, ms, told] of cases) {
  test(`streamDurationMs() gives ${what}`, () => {
    const headers = headerMapOf([["content-type", "application/grpc"]]);
    if (header !== undefined) headers.set("grpc-timeout", header);
    const full = { maxMs: undefined, grpcHeaderMaxMs: undefined, grpcHeaderOffsetMs: 0, ...config };
    assert.equal(streamDurationMs(headers, full, 9000), ms);
    assert.equal(headers.get("grpc-timeout"), told);
  });
}
