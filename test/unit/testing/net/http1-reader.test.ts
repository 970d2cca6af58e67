import assert from "node:assert/strict";
import { test } from "node:test";
import { Http1Reader } from "../../../../host/src/testing/net/http1-reader.ts";

/** What a reader tells of a text that comes in pieces of so many bytes. */
function read(text: string, size: number, responses = true): string[] {
  const told: string[] = [];
  const reader = new Http1Reader(
    {
      onHead: ({ start, headers }) => {
        told.push(
          `${start.join(" ")} ${headers.map(([name, value]) => `${name}=${value}`).join(",")}`,
        );
        return start[1] === "204" ? "none" : "framed";
      },
      onData: (data) => told.push(data.toString()),
      onEnd: (trailers) =>
        told.push(
          `end ${trailers === undefined ? "" : trailers.map((each) => each.join("=")).join()}`,
        ),
    },
    { responses },
  );
  for (let at = 0; at < text.length; at += size) {
    reader.take(Buffer.from(text.slice(at, at + size), "latin1"));
  }
  if (reader.end()) told.push("by its connection");
  return told;
}

const messages =
  "HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 5\r\n\r\nhello" +
  "HTTP/1.1 204 No Content\r\n\r\n" +
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nx: y\r\n\r\n" +
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" +
  "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

test("Http1Reader reads one message after the other", () => {
  assert.deepEqual(read(messages, Infinity), [
    "HTTP/1.1 200 OK a=b,content-length=5",
    "hello",
    "end ",
    "HTTP/1.1 204 No Content ",
    "end ",
    "HTTP/1.1 200 OK transfer-encoding=chunked",
    "abc",
    "d",
    "end x=y",
    "HTTP/1.1 200 OK transfer-encoding=chunked",
    "end ",
    "HTTP/1.1 200 OK content-length=0",
    "end ",
  ]);
});

test("Http1Reader reads the same however the bytes are cut", () => {
  const whole = read(messages, Infinity).join("").replaceAll(/\n/g, "");
  for (const size of [1, 2, 3, 7, 50]) assert.equal(read(messages, size).join(""), whole);
});

test("Http1Reader ends a response without a length with its connection, a request at once", () => {
  const text = "HTTP/1.1 200 OK\r\n\r\nabc";
  assert.deepEqual(read(text, Infinity), ["HTTP/1.1 200 OK ", "abc", "end ", "by its connection"]);
  assert.deepEqual(read("GET / HTTP/1.1\r\n\r\n", Infinity, false), ["GET / HTTP/1.1 ", "end "]);
});
