import assert from "node:assert/strict";
import { test } from "node:test";
import { requestLineVersion } from "../../../../../host/src/extensions/listener-filters/http_inspector/request-line.ts";

// What Envoy 1.40 says to the same lines.
const cases: readonly [string, "1.0" | "1.1" | undefined][] = [
  ["GET / HTTP/1.1\r", "1.1"],
  ["GET / HTTP/1.1", "1.1"],
  ["GET / HTTP/1.0\r", "1.0"],
  ["GET /\r", "1.0"],
  ["GET / HTTP/1.2\r", "1.0"],
  ["GET / HTTP/2.0\r", "1.0"],
  ["GET / HTTP/9.9\r", "1.0"],
  ["GET / HTTP/0.9\r", "1.0"],
  ["GET / HTTP/1.\r", undefined],
  ["GET / HTTP/11.1\r", undefined],
  ["GET / HTTQ/1.1\r", undefined],
  ["GET HTTP/1.1\r", undefined],
  ["GET foo HTTP/1.1\r", undefined],
  ["GET  / HTTP/1.1\r", "1.1"],
  ["GET\t/ HTTP/1.1\r", "1.1"],
  ["GET / HTTP/1.1 \r", "1.1"],
  ["GET / HTTP/1.1\rX", undefined],
  ["get / HTTP/1.1\r", "1.1"],
  ["FROB / HTTP/1.1\r", "1.1"],
  ["A-B!x / HTTP/1.1\r", "1.1"],
  ["G(T / HTTP/1.1\r", undefined],
  ["   GET / HTTP/1.1\r", undefined],
  ["OPTIONS * HTTP/1.1\r", "1.1"],
  ["CONNECT a:80 HTTP/1.1\r", "1.1"],
  ["CONNECT / HTTP/1.1\r", "1.1"],
  ["GET http://a/ HTTP/1.1\r", "1.1"],
  ["GET /#a HTTP/1.1\r", "1.1"],
  ["GET /\x01 HTTP/1.1\r", "1.1"],
  ["GET /\xc3\xa9 HTTP/1.1\r", undefined],
  ["HTTP/1.1 200 OK\r", undefined],
  ["PRI * HTTP/1.1\r", "1.1"],
  ["", undefined],
];

test("requestLineVersion() says what Envoy's inspector says", () => {
  for (const [line, expected] of cases) {
    assert.equal(requestLineVersion(line), expected, JSON.stringify(line));
  }
});
