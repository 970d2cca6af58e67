// Hostile and odd requests over real sockets: every row of the table in host/docs/decisions/0001-http1-codec.md.
// What Node's and Envoy's servers do with them is in the comments of that table.
import assert from "node:assert/strict";
import { connect, type Server } from "node:net";
import { after, before, test } from "node:test";
import { startReflector } from "../support/http1-reflector.ts";

interface Reply {
  status: number;
  details: string;
  /** For status 200: the bytes that would go upstream. */
  body: string;
  close: boolean;
}

/** Sends `payload`, then ends; gives all replies. */
async function exchange(port: number, payload: string): Promise<Reply[]> {
  const text = await new Promise<string>((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.end(Buffer.from(payload, "latin1"));
    });
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      received += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
  });
  return parseReplies(text);
}

function parseReplies(text: string): Reply[] {
  const replies: Reply[] = [];
  let rest = text;
  while (rest !== "") {
    const head = rest.slice(0, rest.indexOf("\r\n\r\n"));
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)![1]);
    replies.push({
      status: Number(head.slice(9, 12)),
      details: /\r\nx-details: (.*)/.exec(head)?.[1] ?? "",
      body: rest.slice(head.length + 4, head.length + 4 + length),
      close: head.includes("\r\nconnection: close"),
    });
    rest = rest.slice(head.length + 4 + length);
  }
  return replies;
}

const malformed = "http1.codec_error";
const post = "POST / HTTP/1.1\r\nHost: a\r\n";
const get = "GET / HTTP/1.1\r\nHost: a\r\n";
const chunkedHead = `${post}Transfer-Encoding: chunked\r\n\r\n`;
const forwardedChunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";

const refused: readonly (readonly [string, string, number, string])[] = [
  [
    "CL+TE",
    `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    "http1.content_length_and_chunked_not_allowed",
  ],
  [
    "TE+CL",
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
    400,
    "http1.content_length_and_chunked_not_allowed",
  ],
  ["two equal CL", `${post}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, 400, malformed],
  ["two different CL", `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy`, 400, malformed],
  ["CL list", `${post}Content-Length: 1, 1\r\n\r\nx`, 400, malformed],
  ["CL +1", `${post}Content-Length: +1\r\n\r\nx`, 400, malformed],
  ["CL -1", `${post}Content-Length: -1\r\n\r\nx`, 400, malformed],
  ["CL 0x1", `${post}Content-Length: 0x1\r\n\r\nx`, 400, malformed],
  ["CL 1e1", `${post}Content-Length: 1e1\r\n\r\nx`, 400, malformed],
  ["CL empty", `${post}Content-Length: \r\n\r\n`, 400, malformed],
  ["CL 2^64+1", `${post}Content-Length: 18446744073709551617\r\n\r\nx`, 400, malformed],
  ["blank before the colon of CL", `${post}Content-Length : 1\r\n\r\nx`, 400, malformed],
  [
    "blank before the colon of TE",
    `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    400,
    malformed,
  ],
  [
    "TE xchunked",
    `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    501,
    "http1.invalid_transfer_encoding",
  ],
  [
    "TE chunked, identity",
    `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    501,
    "http1.invalid_transfer_encoding",
  ],
  [
    "TE identity",
    `${post}Transfer-Encoding: identity\r\n\r\n`,
    501,
    "http1.invalid_transfer_encoding",
  ],
  [
    "TE gzip, chunked",
    `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    501,
    "http1.invalid_transfer_encoding",
  ],
  [
    "TE empty",
    `${post}Transfer-Encoding: \r\n\r\n0\r\n\r\n`,
    501,
    "http1.invalid_transfer_encoding",
  ],
  [
    "TE twice",
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    501,
    "http1.invalid_transfer_encoding",
  ],
  [
    "TE chunked with a tab behind",
    `${post}Transfer-Encoding: chunked \t\r\n\r\n0\r\n\r\n`,
    501,
    "http1.invalid_transfer_encoding",
  ],
  ["chunk extension with a blank", `${chunkedHead}1; a=b\r\nx\r\n0\r\n\r\n`, 400, malformed],
  ["chunk extension that is empty", `${chunkedHead}1;\r\nx\r\n0\r\n\r\n`, 400, malformed],
  [
    "TE with a vertical tab",
    `${post}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
    400,
    "http1.invalid_characters",
  ],
  ["TE folded", `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, 400, malformed],
  [
    "TE in HTTP/1.0",
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    426,
    "low_version",
  ],
  ["folded field", `${get}X: a\r\n b\r\n\r\n`, 400, malformed],
  ["lines that end in LF", "GET / HTTP/1.1\nHost: a\n\n", 400, malformed],
  ["a field that ends in LF", `GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n`, 400, malformed],
  ["bare CR in a value", `${get}X: b\rY: c\r\n\r\n`, 400, malformed],
  ["NUL in a value", `${get}X: b\0c\r\n\r\n`, 400, "http1.invalid_characters"],
  ["control character in a value", `${get}X: b\x01c\r\n\r\n`, 400, "http1.invalid_characters"],
  ["DEL in a value", `${get}X: b\x7fc\r\n\r\n`, 400, "http1.invalid_characters"],
  ["blank in a name", `${get}X Y: b\r\n\r\n`, 400, malformed],
  ["( in a name", `${get}X(: b\r\n\r\n`, 400, malformed],
  ["obs-text in a name", `${get}X\xe9: b\r\n\r\n`, 400, malformed],
  ["empty name", `${get}: b\r\n\r\n`, 400, malformed],
  ["line without colon", `${get}foo\r\n\r\n`, 400, malformed],
  ["blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, malformed],
  ["pseudo header as a field", `${get}:path: /x\r\n\r\n`, 400, malformed],
  ["two empty lines first", `\r\n\r\n${get}\r\n`, 400, malformed],
  ["LF first", `\n${get}\r\n`, 400, malformed],
  ["two Host", `${get}Host: b\r\n\r\n`, 400, malformed],
  ["two equal Host", `${get}Host: a\r\n\r\n`, 400, malformed],
  ["Host a,b", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, "http.invalid_authority"],
  ["Host a@b/c", "GET / HTTP/1.1\r\nHost: a@b/c\r\n\r\n", 400, "http.invalid_authority"],
  ["Host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "http.invalid_authority"],
  [
    "Host with a port that is none",
    "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n",
    400,
    "http.invalid_authority",
  ],
  [
    "user information in the target",
    "GET http://u:p@x.test/ HTTP/1.1\r\nHost: a\r\n\r\n",
    400,
    "http1.invalid_url",
  ],
  [
    "scheme that is not HTTP's",
    "GET ftp://x.test/ HTTP/1.1\r\nHost: a\r\n\r\n",
    400,
    "http1.invalid_scheme",
  ],
  ["HTTP/0.9", "GET /\r\n\r\n", 400, malformed],
  ["HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 426, "low_version"],
  ["HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400, malformed],
  ["HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400, malformed],
  ["HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, malformed],
  ["HTTP/01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, malformed],
  ["http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["two blanks behind the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["two blanks behind the target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["blank behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, malformed],
  ["tab behind the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["target without slash", "GET foo HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["* for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1.invalid_url"],
  ["fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1.invalid_url"],
  ["UTF-8 in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http1.invalid_characters"],
  ["unknown method", "FROB / HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  ["lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, malformed],
  [
    "chunk extension above 256 bytes",
    `${chunkedHead}1;${"a".repeat(257)}\r\nx\r\n0\r\n\r\n`,
    400,
    malformed,
  ],
  [
    "chunk extensions above 16 KiB in all",
    `${chunkedHead}${`1;${"a".repeat(250)}\r\nx\r\n`.repeat(66)}0\r\n\r\n`,
    400,
    malformed,
  ],
  ["LF in a chunk extension", `${chunkedHead}1;\nx\r\n0\r\n\r\n`, 400, malformed],
  ["chunk size that ends in LF", `${chunkedHead}1\nx\n0\n\n`, 400, malformed],
  ["chunk size 0x1", `${chunkedHead}0x1\r\nx\r\n0\r\n\r\n`, 400, malformed],
  ["chunk size 0_2e", `${chunkedHead}0_2e\r\nx\r\n0\r\n\r\n`, 400, malformed],
  ["chunk size +1", `${chunkedHead}+1\r\nx\r\n0\r\n\r\n`, 400, malformed],
  ["chunk size with a blank", `${chunkedHead}1 \r\nx\r\n0\r\n\r\n`, 400, malformed],
  ["chunk size empty", `${chunkedHead}\r\nx\r\n0\r\n\r\n`, 400, malformed],
  [
    "chunk size that overflows",
    `${chunkedHead}fffffffffffffffff\r\nx\r\n0\r\n\r\n`,
    400,
    malformed,
  ],
  ["chunk without its end", `${chunkedHead}1\r\nxXX0\r\n\r\n`, 400, malformed],
  ["CL in trailers", `${chunkedHead}0\r\nContent-Length: 5\r\n\r\n`, 400, malformed],
  ["TE in trailers", `${chunkedHead}0\r\nTransfer-Encoding: chunked\r\n\r\n`, 400, malformed],
  ["Host in trailers", `${chunkedHead}0\r\nHost: b\r\n\r\n`, 400, malformed],
  ["Connection in trailers", `${chunkedHead}0\r\nConnection: close\r\n\r\n`, 400, malformed],
  ["Trailer in trailers", `${chunkedHead}0\r\nTrailer: x\r\n\r\n`, 400, malformed],
  ["folded trailer", `${chunkedHead}0\r\nX: a\r\n b\r\n\r\n`, 400, malformed],
  ["3,000 fields", `${get}${"a:b\r\n".repeat(3000)}\r\n`, 431, "http1.too_many_headers"],
  ["61 KB field", `${get}X: ${"a".repeat(61 * 1024)}\r\n\r\n`, 431, "http1.headers_too_large"],
  [
    "61 KB target",
    `GET /${"a".repeat(61 * 1024)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    431,
    "http1.headers_too_large",
  ],
  [
    "70 KB trailer",
    `${chunkedHead}0\r\nX: ${"a".repeat(70_000)}\r\n\r\n`,
    431,
    "http1.headers_too_large",
  ],
  [
    "CONNECT with a body",
    "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    400,
    "http1.body_disallowed",
  ],
  [
    "Connection that lists Host",
    `${get}Connection: host\r\n\r\n`,
    400,
    "http1.connection_header_rejected",
  ],
  [
    "Connection that lists CL",
    `${post}Content-Length: 1\r\nConnection: content-length\r\n\r\nx`,
    400,
    "http1.connection_header_rejected",
  ],
  [
    "Connection that lists TE",
    `${post}Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n\r\n0\r\n\r\n`,
    400,
    "http1.connection_header_rejected",
  ],
  [
    "Connection that lists x-forwarded-for",
    `${get}Connection: x-forwarded-for\r\n\r\n`,
    400,
    "http1.connection_header_rejected",
  ],
  [
    "Connection that lists eleven names",
    `${get}Connection: a,b,c,d,e,f,g,h,i,j,k\r\n\r\n`,
    400,
    "http1.connection_header_rejected",
  ],
];

const accepted: readonly (readonly [string, string, string])[] = [
  [
    "blanks behind CL",
    `${post}Content-Length: 1 \t\r\n\r\nx`,
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx",
  ],
  [
    "tab before chunked",
    `${post}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n`,
    `${forwardedChunked}0\r\n\r\n`,
  ],
  ["CHUNKED", `${post}Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n`, `${forwardedChunked}0\r\n\r\n`],
  ["one empty line first", `\r\n${get}\r\n`, "GET / HTTP/1.1\r\nhost: a\r\n\r\n"],
  [
    "obs-text in a value",
    `${get}X: b\xffc\xc3\xa9\r\n\r\n`,
    "GET / HTTP/1.1\r\nhost: a\r\nx: b\xffc\xc3\xa9\r\n\r\n",
  ],
  ["HTAB in a value", `${get}X: b\tc\r\n\r\n`, "GET / HTTP/1.1\r\nhost: a\r\nx: b\tc\r\n\r\n"],
  [
    "absolute target with another Host",
    "GET http://x.test/p HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /p HTTP/1.1\r\nhost: x.test\r\n\r\n",
  ],
  [
    "absolute target without Host",
    "GET http://x.test HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: x.test\r\n\r\n",
  ],
  [
    "Host [::1]:80",
    "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
  ],
  ["empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nhost: \r\n\r\n"],
  [
    "no Host (the connection manager answers 400)",
    "GET / HTTP/1.1\r\nX: a\r\n\r\n",
    "GET / HTTP/1.1\r\nx: a\r\n\r\n",
  ],
  [
    "OPTIONS *",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n",
  ],
  [
    "GET with a body",
    `${get}Content-Length: 1\r\n\r\nx`,
    "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx",
  ],
  [
    "GET with chunks",
    `${get}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    "GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
  ],
  [
    "chunk extension",
    `${chunkedHead}1;a=b\r\nx\r\n0;c\r\n\r\n`,
    `${forwardedChunked}1\r\nx\r\n0\r\n\r\n`,
  ],
  [
    "chunk size with leading zeros",
    `${chunkedHead}00000000000000001\r\nx\r\n000\r\n\r\n`,
    `${forwardedChunked}1\r\nx\r\n0\r\n\r\n`,
  ],
  ["trailers", `${chunkedHead}0\r\nX-T: 1\r\n\r\n`, `${forwardedChunked}0\r\n\r\n`],
  [
    "Upgrade with CL",
    `${post}Upgrade: websocket\r\nContent-Length: 1\r\n\r\nx`,
    "POST / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\ncontent-length: 1\r\n\r\nx",
  ],
  [
    "20 KB field",
    `${get}X: ${"a".repeat(20_000)}\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(20_000)}\r\n\r\n`,
  ],
  [
    "Upgrade: h2c",
    `${get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n`,
    "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
  ],
  [
    "Connection: close, X-Secret",
    `${get}Connection: close, X-Secret\r\nX-Secret: 1\r\n\r\n`,
    "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
  ],
  [
    "Expect: foo",
    `${post}Expect: foo\r\nContent-Length: 1\r\n\r\nx`,
    "POST / HTTP/1.1\r\nhost: a\r\nexpect: foo\r\ncontent-length: 1\r\n\r\nx",
  ],
];

let server: Server;
let port: number;
let http10: Server;
let http10Port: number;
before(async () => {
  ({ server, port } = await startReflector());
  ({ server: http10, port: http10Port } = await startReflector({ acceptHttp10: true }));
});
after(() => {
  server.close();
  http10.close();
});

for (const [name, payload, status, details] of refused) {
  test(`a request is refused: ${name}`, async () => {
    const [reply, ...more] = await exchange(port, payload);
    assert.deepEqual([reply!.status, reply!.details, reply!.close], [status, details, true]);
    assert.equal(more.length, 0);
  });
}

for (const [name, payload, forwarded] of accepted) {
  test(`a request is accepted and written anew: ${name}`, async () => {
    const [reply, ...more] = await exchange(port, payload);
    assert.equal(reply!.status, 200);
    assert.equal(reply!.body, forwarded);
    assert.equal(more.length, 0);
  });
}

test("what follows a body is the next request, and none of it the body", async () => {
  const replies = await exchange(
    port,
    `${post}Content-Length: 1\r\n\r\nxGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  assert.deepEqual(
    replies.map((reply) => reply.body),
    [
      "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx",
      "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n",
    ],
  );
});

test("with accept_http_10, Transfer-Encoding in HTTP/1.0 is refused and the connection closed", async () => {
  const [reply] = await exchange(
    http10Port,
    `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get}\r\n`,
  );
  assert.deepEqual(
    [reply!.status, reply!.details, reply!.close],
    [400, "http1.transfer_encoding_not_allowed", true],
  );
});

test("with accept_http_10, a request of HTTP/1.0 without length has no body", async () => {
  const replies = await exchange(
    http10Port,
    "POST / HTTP/1.0\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\n",
  );
  assert.deepEqual(
    replies.map((reply) => [reply.body, reply.close]),
    [["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n", true]],
  );
});

test("every payload gives the same replies when it comes one byte at a time", async () => {
  // In parallel, since each byte is a packet of its own.
  const payloads = [...refused, ...accepted].filter(([, payload]) => payload.length < 300);
  await Promise.all(
    payloads.map(async ([name, payload]) => {
      const whole = await exchange(port, payload);
      const bytewise = await exchangeBytewise(port, payload);
      assert.deepEqual(bytewise, whole, name);
    }),
  );
});

async function exchangeBytewise(to: number, payload: string): Promise<Reply[]> {
  let received = "";
  const socket = connect(to, "127.0.0.1");
  socket.setNoDelay(true);
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    received += chunk;
  });
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
  });
  // Refused early: the rest can no longer be written.
  socket.on("error", () => undefined);
  for (let i = 0; i < payload.length && !socket.destroyed; i += 1) {
    await new Promise((resolve) => {
      socket.write(payload[i]!, "latin1", resolve);
    });
  }
  socket.end();
  await closed;
  return parseReplies(received);
}
