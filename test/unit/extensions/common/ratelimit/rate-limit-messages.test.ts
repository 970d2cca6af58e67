import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { schema } from "../../../../../host/src/config/schema.ts";
import { encodeRateLimitRequest } from "../../../../../host/src/extensions/common/ratelimit/rate-limit-request.ts";
import { decodeRateLimitResponse } from "../../../../../host/src/extensions/common/ratelimit/rate-limit-response.ts";
import { SeededRandom } from "../../../../support/seeded-random.ts";

const requestType = schema().message("envoy.service.ratelimit.v3.RateLimitRequest");
const responseType = schema().message("envoy.service.ratelimit.v3.RateLimitResponse");

describe("encodeRateLimitRequest()", () => {
  test("a protobuf library reads what was asked", () => {
    const bytes = encodeRateLimitRequest({
      domain: "d",
      hitsAddend: 3,
      descriptors: [
        {
          entries: [
            { key: "ä", value: "\xc3\xa4" },
            { key: "bad", value: "a\xff" },
          ],
          limit: { requestsPerUnit: 9, unit: 4 },
          hitsAddend: 300,
          isNegativeHits: true,
        },
        { entries: [], limit: undefined, hitsAddend: undefined, isNegativeHits: false },
      ],
    });
    assert.deepEqual(toJson(requestType, fromBinary(requestType, bytes)), {
      domain: "d",
      hitsAddend: 3,
      descriptors: [
        {
          entries: [
            { key: "ä", value: "ä" },
            { key: "bad", value: "a!" },
          ],
          limit: { requestsPerUnit: 9, unit: "DAY" },
          hitsAddend: "300",
          isNegativeHits: true,
        },
        {},
      ],
    });
  });
});

describe("decodeRateLimitResponse()", () => {
  const message = fromJson(responseType, {
    overall_code: "OVER_LIMIT",
    statuses: [
      {
        code: "OVER_LIMIT",
        current_limit: { name: "n", requests_per_unit: 7, unit: "WEEK", unit_multiplier: 2 },
        limit_remaining: 3,
        duration_until_reset: "61.5s",
        quota: { requests: 1, id: "q" },
      },
      { code: "OK" },
    ],
    response_headers_to_add: [{ key: "X-A", value: "1" }],
    request_headers_to_add: [{ key: "x-b", raw_value: "/w==" }],
    raw_body: "aGk=",
    dynamic_metadata: { k: "v" },
  });
  const whole = Buffer.from(toBinary(responseType, message));

  test("all of an answer that a protobuf library wrote is read", () => {
    assert.deepEqual(JSON.parse(JSON.stringify(decodeRateLimitResponse(whole))), {
      code: "over_limit",
      statuses: [
        {
          limit: { name: "n", requestsPerUnit: 7, windowSeconds: 1_209_600 },
          remaining: 3,
          secondsUntilReset: 61,
        },
        { remaining: 0, secondsUntilReset: 0 },
      ],
      responseHeaders: [["x-a", "1"]],
      requestHeaders: [["x-b", "\xff"]],
      body: "hi",
      dynamicMetadata: { k: "v" },
    });
  });

  test("bytes that were changed are an error or another answer, and nothing is thrown", () => {
    const random = new SeededRandom(8);
    for (let i = 0; i < 5000; i += 1) {
      const changed = Buffer.from(whole.subarray(0, random.below(whole.length) + 1));
      changed[random.below(changed.length)] = random.below(256);
      assert.ok(["ok", "over_limit", "error"].includes(decodeRateLimitResponse(changed).code));
    }
  });
});
