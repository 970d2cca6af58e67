import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderId } from "../../../../../host/src/common/headers/header-id.ts";
import { ChunkedDecoder } from "../../../../../host/src/http/codec/http1/chunked-decoder.ts";
import {
  ConnectionOption,
  connectionOptions,
  FramingFields,
  parseContentLength,
} from "../../../../../host/src/http/codec/http1/framing.ts";
import { statusText } from "../../../../../host/src/http/codec/http1/status-text.ts";

test("parseContentLength() takes one plain decimal number", () => {
  assert.equal(parseContentLength("0"), 0);
  assert.equal(parseContentLength("007"), 7);
  assert.equal(parseContentLength("999999999999999"), 999_999_999_999_999);
  for (const bad of ["", "1000000000000000", "-1", "+1", "1.0", "0x1", "1 ", "1,1", "\u0661"]) {
    assert.equal(parseContentLength(bad), -1, bad);
  }
});

test("connectionOptions() reads a list in any case", () => {
  assert.equal(connectionOptions("close"), ConnectionOption.Close);
  assert.equal(connectionOptions("Keep-Alive"), ConnectionOption.KeepAlive);
  assert.equal(
    connectionOptions(" Upgrade ,,x-a, CLOSE"),
    ConnectionOption.Upgrade | ConnectionOption.Other | ConnectionOption.Close,
  );
  assert.equal(connectionOptions(""), 0);
});

test("FramingFields reads what proxies of old say about closing, but not about keeping alive", () => {
  const framing = new FramingFields();
  framing.note(HeaderId.ProxyConnection, "close");
  assert.equal(framing.keepsAlive(false), false);
  framing.reset();
  framing.note(HeaderId.ProxyConnection, "keep-alive");
  assert.equal(framing.keepsAlive(true), false);
  assert.equal(framing.keepsAlive(false), true);
});

function decodeAll(text: string): { body: string; rest: string; error: boolean } {
  const decoder = new ChunkedDecoder();
  const bytes = Buffer.from(text, "latin1");
  const consumed = decoder.decode(bytes);
  return {
    body: decoder.take().toBuffer().toString("latin1"),
    rest: decoder.done ? text.slice(consumed) : "",
    error: decoder.error !== undefined,
  };
}

test("ChunkedDecoder stops behind the line of the last chunk", () => {
  assert.deepEqual(decodeAll("3\r\nabc\r\n0;x=y\r\nX: t\r\n\r\n"), {
    body: "abc",
    rest: "X: t\r\n\r\n",
    error: false,
  });
});

test("ChunkedDecoder counts sizes in either case, up to 48 bits", () => {
  assert.equal(decodeAll("A\r\n0123456789\r\n").body, "0123456789");
  assert.equal(decodeAll("a\r\n0123456789\r\n").body, "0123456789");
  assert.equal(decodeAll("ffffffffffff\r\nab").body, "ab");
  assert.equal(decodeAll("1000000000000\r\nab").error, true);
  assert.equal(decodeAll(`${"0".repeat(31)}1\r\na\r\n`).body, "a");
  assert.equal(decodeAll(`${"0".repeat(32)}1\r\na\r\n`).error, true);
});

test("ChunkedDecoder reads extensions only to drop them", () => {
  for (const extension of [";a", ";a=b", ';a="b;\\" c"', ";a;b=c;d", `;${"x".repeat(255)}`]) {
    assert.equal(decodeAll(`1${extension}\r\nZ\r\n`).body, "Z", extension);
  }
  for (const extension of [
    ";",
    ";a=",
    ";=b",
    ";;a",
    ";a b",
    ';a="b',
    ';a="b"c',
    `;${"x".repeat(257)}`,
  ]) {
    assert.equal(decodeAll(`1${extension}\r\nZ\r\n`).error, true, extension);
  }
});

test("statusText() gives Envoy's phrases", () => {
  assert.equal(statusText(413), "Payload Too Large");
  assert.equal(statusText(431), "Request Header Fields Too Large");
  assert.equal(statusText(418), "Unknown");
});
