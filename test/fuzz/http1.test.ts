// Properties of the HTTP/1 codec, with Node's own parser (llhttp) as the second opinion. A failure prints its
// seed and path; SLUICE_FUZZ_SEED repeats a run, SLUICE_FUZZ_RUNS multiplies the number of cases.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import { StreamResetReason, type Http1Settings } from "../../host/src/contracts/http/codec.ts";
import { ConnectionState } from "../../host/src/contracts/network/connection.ts";
import { Http1ClientConnection } from "../../host/src/http/codec/http1/client-connection.ts";
import { Http1ServerConnection } from "../../host/src/http/codec/http1/server-connection.ts";
import {
  codecStats,
  defaultSettings,
  RecordedRequest,
  RecordedResponse,
} from "../support/http1.ts";
import { readRequests, readResponse } from "../support/llhttp.ts";
import { MemoryConnection } from "../support/memory-connection.ts";

const times = Number(process.env["SLUICE_FUZZ_RUNS"] ?? 1);
const seed = Number(process.env["SLUICE_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

async function check<T>(
  t: TestContext,
  runs: number,
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<void> {
  t.diagnostic(`seed ${seed}, ${runs * times} cases`);
  await fc.assert(fc.asyncProperty(arbitrary, property), { seed, numRuns: runs * times });
}

const settings: Http1Settings = { ...defaultSettings, enableTrailers: true };

/** What our server side makes of the pieces that a client sends: requests, and the log of all that happened. */
function parseRequests(pieces: readonly Buffer[]) {
  const connection = new MemoryConnection();
  const requests: RecordedRequest[] = [];
  const codec = new Http1ServerConnection(
    connection,
    {
      newStream(encoder) {
        const request = new RecordedRequest(encoder);
        request.onComplete = () => {
          request.log.note("answered");
          encoder.encodeHeaders(headerMapOf([[":status", "204"]]), true);
        };
        requests.push(request);
        return request;
      },
    },
    settings,
    codecStats(),
  );
  const data = new OwnedBuffer();
  let error: string | undefined;
  for (const piece of pieces) {
    data.append(piece);
    const before = data.length;
    const result = codec.dispatch(data);
    error ??= result && `${result.code} ${result.details} ${result.message}`;
    assert.ok(data.length <= before);
  }
  return {
    requests,
    error,
    log: requests.flatMap((request) => request.log.events),
    closing: codec.closing,
  };
}

/** What our client side makes of the pieces that a server sends in answer to one request. */
function parseResponse(pieces: readonly Buffer[], method: string) {
  const connection = new MemoryConnection();
  const codec = new Http1ClientConnection(connection, settings, codecStats(), {
    onIdle: () => undefined,
  });
  const response = new RecordedResponse();
  const encoder = codec.newStream(response);
  encoder.stream.addCallbacks(response);
  encoder.encodeHeaders(
    headerMapOf([
      [":authority", "a"],
      [":path", "/"],
      [":method", method],
    ]),
    true,
  );
  const data = new OwnedBuffer();
  let error: string | undefined;
  for (const piece of pieces) {
    data.append(piece);
    const result = codec.dispatch(data);
    error ??= result && `${result.code} ${result.details} ${result.message}`;
  }
  if (error === undefined) error = codec.onEndOfInput()?.message;
  const consumed = encoder.stream.bytesMeter.wireBytesReceived;
  return { response, error, log: response.log.events, consumed };
}

function cut(bytes: Buffer, points: readonly number[]): Buffer[] {
  const at = [...new Set(points.map((point) => point % (bytes.length + 1)))].sort((a, b) => a - b);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const to of [...at, bytes.length]) {
    // A copy, as from a socket of its own read.
    if (to > from) pieces.push(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  return pieces;
}

// Generators.

const tokenCharacter = fc.constantFrom(
  ...Array.from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^_`|~"),
);
const fieldName = fc
  .string({ unit: tokenCharacter, minLength: 1, maxLength: 12 })
  .map((name) => `x-${name}`);
const valueCharacter = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) },
  { weight: 2, arbitrary: fc.constantFrom(0x20, 0x09) },
  { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
);
const fieldValue = fc
  .array(valueCharacter, { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes).trim());
const target = fc
  .string({ unit: fc.constantFrom(...Array.from("abcXYZ019/?&=%.-_~!$'()*+,;:@")), maxLength: 30 })
  .map((rest) => `/${rest}`);
const bodyText = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes));

const chunkedText = fc
  .record({
    chunks: fc.array(
      fc.tuple(
        bodyText.filter((text) => text !== ""),
        fc.constantFrom("", ";a=b", ";q", ';x="y; z";q=1'),
        fc.constantFrom("", "0", "000"),
      ),
      { maxLength: 4 },
    ),
    trailers: fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 2 }),
  })
  .map(({ chunks, trailers }) => {
    let text = "";
    for (const [data, extension, zeros] of chunks) {
      text += `${zeros}${data.length.toString(16)}${extension}\r\n${data}\r\n`;
    }
    const fields = trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return `${text}0\r\n${fields}\r\n`;
  });

/** The end of a message: framing fields, empty line, body. */
const framedBody = fc.oneof(
  fc.constant("\r\n"),
  bodyText.map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`),
  chunkedText.map((text) => `Transfer-Encoding: chunked\r\n\r\n${text}`),
);
const fieldLines = fc
  .array(
    fc.tuple(fieldName, fc.constantFrom("", " ", "\t", "  "), fieldValue, fc.constantFrom("", " ")),
    {
      maxLength: 5,
    },
  )
  .map((fields) =>
    fields.map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`).join(""),
  );

const validRequest = fc
  .tuple(
    fc.constantFrom(
      "GET",
      "POST",
      "HEAD",
      "PUT",
      "DELETE",
      "OPTIONS",
      "PATCH",
      "M-SEARCH",
      "QUERY",
    ),
    target,
    fieldLines,
    framedBody,
  )
  .map(
    ([method, path, fields, body]) =>
      `${method} ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}${body}`,
  );
const validResponse = fc
  .tuple(fc.constantFrom("200 OK", "404 Not Found", "500", "201 "), fieldLines, framedBody)
  .map(([status, fields, body]) => `HTTP/1.1 ${status}\r\n${fields}${body}`);

/** Text that is near to what parsers trip over. */
const nasty = fc.constantFrom(
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "0",
  "-1",
  "+",
  "0x",
  "\x0b",
  "\x7f",
  "\x80",
  "\xff",
  "#",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/0.9",
  "Content-Length: 3\r\n",
  "Content-Length : 3\r\n",
  "Content-Length: 3, 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding:\r\n chunked\r\n",
  "Transfer-Encoding: chunked\t\r\n",
  "Content-Length: 3 \t\r\n",
  ';a="b\\"c"',
  "Connection: close\r\n",
  "Connection: x-a\r\n",
  "Host: b\r\n",
  "Expect: 100-continue\r\n",
  "Upgrade: websocket\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "fffffffff\r\n",
);
interface Mutation {
  at: number;
  /** Goes to the next beginning of a line. */
  align: boolean;
  remove: number;
  insert: string;
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(2000),
  align: fc.boolean(),
  remove: fc.oneof(fc.constant(0), fc.nat(6)),
  insert: fc.oneof(nasty, fc.constant("")),
});

function mutate(text: string, mutations: readonly Mutation[]): Buffer {
  let mutated = text;
  for (const { at, align, remove, insert } of mutations) {
    let place = at % (mutated.length + 1);
    const line = mutated.indexOf("\r\n", place);
    if (align && line >= 0) place = line + 2;
    mutated = mutated.slice(0, place) + insert + mutated.slice(place + remove);
  }
  return Buffer.from(mutated, "latin1");
}

const requests = fc.array(validRequest, { minLength: 1, maxLength: 4 }).map((all) => all.join(""));
const mutatedRequests = fc
  .tuple(requests, fc.array(mutation, { maxLength: 3 }))
  .map(([text, mutations]) => mutate(text, mutations));
const mutatedResponse = fc
  .tuple(validResponse, fc.array(mutation, { maxLength: 3 }))
  .map(([text, mutations]) => mutate(text, mutations));
const cuts = fc.array(fc.nat(4000), { maxLength: 12 });

// Properties.

test("a valid request is accepted and read as llhttp reads it", async (t) => {
  await check(t, 200, requests, async (text) => {
    const bytes = Buffer.from(text, "latin1");
    const ours = parseRequests([bytes]);
    assert.equal(ours.error, undefined);
    await agreesWithLlhttp(bytes, ours, false);
  });
});

test("requests give the same events however their bytes are cut", async (t) => {
  await check(t, 1500, fc.tuple(mutatedRequests, cuts), async ([mutated, points]) => {
    const bytes = withLineEnd(mutated);
    const whole = parseRequests([bytes]);
    const pieces = parseRequests(cut(bytes, points));
    assert.deepEqual(settle(pieces.log, pieces.error), settle(whole.log, whole.error));
    assert.equal(pieces.error, whole.error);
    const bytewise = parseRequests([...bytes].map((byte) => Buffer.of(byte)));
    assert.deepEqual(settle(bytewise.log, bytewise.error), settle(whole.log, whole.error));
    assert.equal(bytewise.error, whole.error);
  });
});

test("a response gives the same events however its bytes are cut", async (t) => {
  await check(t, 1500, fc.tuple(mutatedResponse, cuts), async ([mutated, points]) => {
    const bytes = withLineEnd(mutated);
    for (const method of ["GET", "HEAD"]) {
      const whole = parseResponse([bytes], method);
      const pieces = parseResponse(cut(bytes, points), method);
      assert.deepEqual(settle(pieces.log, pieces.error), settle(whole.log, whole.error));
      const bytewise = parseResponse(
        [...bytes].map((byte) => Buffer.of(byte)),
        method,
      );
      assert.deepEqual(settle(bytewise.log, bytewise.error), settle(whole.log, whole.error));
    }
  });
});

/** Nonsense in a line is seen at the end of the line at the latest, and earlier only when it is convenient. */
function withLineEnd(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.from("\n")]);
}

/** Before an error, how much of a body came out depends on how it arrived; nothing else does. */
function settle(log: readonly string[], error: string | undefined): readonly string[] {
  if (error === undefined) return log;
  return log.filter((line, index) => !line.startsWith("data ") || log[index + 1] === "end");
}

test("of mutated requests, what is accepted is what llhttp reads too", async (t) => {
  await check(t, 1000, mutatedRequests, async (bytes) => {
    await agreesWithLlhttp(bytes, parseRequests([bytes]), true);
  });
});

async function agreesWithLlhttp(
  bytes: Buffer,
  ours: ReturnType<typeof parseRequests>,
  mutated: boolean,
): Promise<void> {
  const complete = ours.requests.filter((request) => request.complete);
  if (complete.length === 0) return;
  const theirs = await readRequests(bytes);
  for (const [index, request] of complete.entries()) {
    const other = theirs.requests[index];
    assert.ok(other !== undefined, `llhttp has no request ${index} (${theirs.error})`);
    assert.equal(request.headers!.get(":method"), other.method);
    // llhttp stops reading where a protocol change is offered; ours refuses the offer later on.
    if (other.method === "CONNECT" || isUpgrade(other.headers)) return;
    assert.equal(request.headers!.get(":path"), other.target);
    assert.equal(request.body, other.body);
    assert.ok(other.complete, `llhttp does not see the end of request ${index} (${theirs.error})`);
    if (!mutated) {
      const names = other.headers.map(([name]) => (name === "host" ? ":authority" : name));
      assert.deepEqual(
        names.toSorted(),
        [...Array(request.headers!.size).keys()]
          .map((i) => request.headers!.nameAt(i))
          .filter((name) => name !== ":method" && name !== ":path")
          .toSorted(),
      );
      for (const [name, value] of other.headers) {
        if (name !== "host") assert.ok(request.headers!.getAll(name).includes(value), name);
      }
    }
    // What llhttp reads behind a `connection: close` we drop.
    if (other.headers.some(([name, value]) => name === "connection" && /close/i.test(value)))
      return;
  }
}

function isUpgrade(headers: readonly [string, string][]): boolean {
  return headers.some(([name]) => name === "upgrade");
}

test("of mutated responses, what is accepted is what llhttp reads too", async (t) => {
  await check(t, 1000, mutatedResponse, async (bytes) => {
    const ours = parseResponse([bytes], "GET");
    if (!ours.response.complete) return;
    // Bytes behind the response are an error for both, but llhttp's takes the response with it.
    const theirs = await readResponse(bytes.subarray(0, ours.consumed), "GET");
    assert.ok(theirs !== undefined, "llhttp refuses the response");
    assert.equal(ours.response.headers!.get(":status"), String(theirs.status));
    assert.equal(ours.response.body, theirs.body);
    assert.equal(theirs.complete, true);
  });
});

const anyText = fc.oneof(
  fieldValue,
  fc.string({ unit: fc.constantFrom("\r", "\n", "\0", "a", " ", ":", "\u0141"), maxLength: 6 }),
);
const anyRequest = fc.record({
  method: fc.oneof(fc.constantFrom("GET", "POST", "PUT", "HEAD"), anyText),
  path: fc.oneof(target, anyText),
  authority: fc.oneof(fc.constant("a.test"), anyText),
  fields: fc.array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fieldName.map((name) => name.toLowerCase()) },
        {
          weight: 2,
          arbitrary: fc.constantFrom(
            "content-length",
            "transfer-encoding",
            "connection",
            "host",
            ":odd",
            "te",
          ),
        },
        { weight: 1, arbitrary: anyText },
      ),
      fc.oneof(anyText, fc.constantFrom("0", "3", "chunked", "close", "gzip, chunked")),
    ),
    { maxLength: 6 },
  ),
  body: fc.array(bodyText, { maxLength: 4 }),
  trailers: fc.option(
    fc.array(
      fc.tuple(
        fieldName.map((n) => n.toLowerCase()),
        anyText,
      ),
      { maxLength: 2 },
    ),
  ),
  endsWithHeaders: fc.boolean(),
});

test("whatever a filter makes of a request, llhttp and we read exactly it, or nothing is reused", async (t) => {
  await check(t, 1500, anyRequest, async (made) => {
    const connection = new MemoryConnection();
    const codec = new Http1ClientConnection(connection, settings, codecStats(), {
      onIdle: () => undefined,
    });
    const response = new RecordedResponse();
    const encoder = codec.newStream(response);
    encoder.stream.addCallbacks(response);
    const headers = headerMapOf([
      [":authority", made.authority],
      [":path", made.path],
      [":method", made.method],
      ...made.fields,
    ]);
    const problem = encoder.encodeHeaders(headers, made.endsWithHeaders);
    if (problem !== undefined) {
      assert.equal(connection.takeWritten(), "", "a refused request leaves no bytes");
      return;
    }
    let body = "";
    if (!made.endsWithHeaders) {
      for (const piece of made.body) {
        body += piece;
        encoder.encodeData(OwnedBuffer.latin1(piece), false);
      }
      if (made.trailers === null) encoder.encodeData(new OwnedBuffer(), true);
      else encoder.encodeTrailers(headerMapOf(made.trailers));
    }
    if (response.reset !== undefined) {
      assert.equal(connection.state, ConnectionState.Closed);
      assert.equal(codec.closing, true);
      return;
    }
    const written = Buffer.from(connection.takeWritten(), "latin1");
    const theirs = await readRequests(written);
    // An unknown method, a Host with a blank and the like: refusing is the peer's right, mistaking is not.
    if (theirs.error === undefined) {
      assert.equal(theirs.requests.length, 1);
      assert.equal(theirs.requests[0]!.body, body);
      assert.equal(theirs.requests[0]!.target, made.path);
    } else {
      assert.ok(theirs.requests.length <= 1);
    }
    const own = parseRequests([written]);
    if (own.error === undefined) {
      assert.equal(own.requests.length, 1);
      assert.equal(own.requests[0]!.body, body);
    }
  });
});

test("whatever a filter makes of a response, the client reads exactly it, or the connection ends", async (t) => {
  const anyResponse = fc.record({
    status: fc.constantFrom("200", "204", "304", "404", "500"),
    method: fc.constantFrom("GET", "HEAD"),
    fields: anyRequest.map((request) => request.fields),
    body: fc.array(bodyText, { maxLength: 4 }),
    endsWithHeaders: fc.boolean(),
  });
  await check(t, 1000, anyResponse, async (made) => {
    const connection = new MemoryConnection();
    let request: RecordedRequest | undefined;
    const codec = new Http1ServerConnection(
      connection,
      {
        newStream(encoder) {
          request = new RecordedRequest(encoder);
          return request;
        },
      },
      settings,
      codecStats(),
    );
    codec.dispatch(OwnedBuffer.latin1(`${made.method} / HTTP/1.1\r\nHost: a\r\n\r\n`));
    const { encoder } = request!;
    encoder.encodeHeaders(
      headerMapOf([[":status", made.status], ...made.fields]),
      made.endsWithHeaders,
    );
    let body = "";
    if (!made.endsWithHeaders) {
      for (const piece of made.body) {
        body += piece;
        encoder.encodeData(OwnedBuffer.latin1(piece), false);
      }
      encoder.encodeData(new OwnedBuffer(), true);
    }
    if (request!.reset !== undefined) {
      assert.equal(connection.state, ConnectionState.Closed);
      return;
    }
    const written = Buffer.from(connection.takeWritten(), "latin1");
    const bodiless = made.method === "HEAD" || made.status === "204" || made.status === "304";
    const theirs = await readResponse(written, made.method);
    assert.equal(theirs?.status, Number(made.status));
    assert.equal(theirs.body, bodiless ? "" : body);
    assert.equal(theirs.complete, true);
    const own = parseResponse([written], made.method);
    assert.equal(own.error, undefined);
    assert.equal(own.response.body, bodiless ? "" : body);
  });
});

test("an upstream connection is reusable only behind a whole exchange", async (t) => {
  const cases = fc.record({
    bytes: mutatedResponse,
    sendAll: fc.boolean(),
    extra: fc.constantFrom("", "x", "HTTP/1.1 200 OK\r\n\r\n"),
  });
  await check(t, 1000, cases, async ({ bytes, sendAll, extra }) => {
    let reusable = false;
    const codec: Http1ClientConnection = new Http1ClientConnection(
      new MemoryConnection(),
      settings,
      codecStats(),
      {
        onIdle() {
          reusable = !codec.closing;
        },
      },
    );
    const response = new RecordedResponse();
    const encoder = codec.newStream(response);
    encoder.stream.addCallbacks(response);
    const head = headerMapOf([
      [":authority", "a"],
      [":path", "/"],
      [":method", "POST"],
    ]);
    encoder.encodeHeaders(head, sendAll);
    const data = OwnedBuffer.of(Buffer.concat([bytes, Buffer.from(extra)]));
    const error = codec.dispatch(data);
    if (!reusable) return;
    assert.equal(error, undefined);
    assert.ok(sendAll && response.complete && data.length === 0);
    const fields = response.log.events.find((event) => event.startsWith("response"))!;
    assert.ok(
      /"content-length"|"transfer-encoding"|\[":status","(204|304)"\]/.test(fields),
      "it ended by its own framing",
    );
    codec.onConnectionClosed(StreamResetReason.ConnectionTermination, "");
  });
});

test("random bytes never break the codec", async (t) => {
  const noise = fc.array(fc.oneof(nasty, fc.string({ maxLength: 4 })), { maxLength: 60 });
  await check(t, 1000, noise, async (parts) => {
    const bytes = Buffer.from(parts.join(""), "latin1");
    parseRequests([bytes]);
    parseResponse([bytes], "GET");
  });
});
