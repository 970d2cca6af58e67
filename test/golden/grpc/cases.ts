import { httpBody, message } from "./descriptors.ts";
import { framed, type GrpcCase } from "./exchange.ts";
import type { Answer } from "./upstream.ts";

const grpc = { "content-type": "application/grpc", te: "trailers" };
const ok = { "grpc-status": "0" };
const one = framed("hello");
const answered: Answer = { body: [framed("world")], trailers: ok };
const trailersOnly = (status: string, text?: string): Answer => ({
  headers: {
    "content-type": "application/grpc",
    "grpc-status": status,
    ...(text !== undefined && { "grpc-message": text }),
  },
});

/** A gRPC call as a gRPC client makes it. */
const call = (name: string, listener: string, path: string, answer = answered): GrpcCase => ({
  name,
  listener,
  path,
  headers: grpc,
  body: [one],
  answer,
});

const statsCases: GrpcCase[] = [
  call("counted together", "stats", "/a.b.S/Known"),
  {
    ...call("messages are counted however they are cut", "stats", "/a.b.S/Known", {
      body: [one.subarray(0, 3), one.subarray(3), framed("", 1), Buffer.concat([one, one])],
      trailers: ok,
    }),
    body: [Buffer.concat([one, one.subarray(0, 7)]), one.subarray(7)],
  },
  call("trailers only", "stats", "/a.b.S/Known", trailersOnly("5", "gone")),
  call("unknown status", "stats", "/a.b.S/Known", {
    body: [one],
    trailers: { "grpc-status": "99" },
  }),
  call("bad status", "stats", "/a.b.S/Known", { body: [one], trailers: { "grpc-status": "x" } }),
  call("no status", "stats", "/a.b.S/Known", { body: [one], trailers: { other: "1" } }),
  call("no trailers", "stats", "/a.b.S/Known", { body: [one] }),
  call("http error", "stats", "/a.b.S/Known", { status: 500, body: [one] }),
  call("local reply by route", "stats", "/none/S"),
  call("local reply for want of hosts", "stats", "/nowhere/S"),
  call("reset", "stats", "/a.b.S/Known", { reset: 2 }),
  { name: "not gRPC", listener: "stats", path: "/a.b.S/Known", body: [one], answer: answered },
  call("method", "all_methods", "/a.b.S/Known"),
  call("method with a query", "all_methods", "/a.b.S/Known?x=1"),
  call("failing method", "all_methods", "/a.b.S/Failing", trailersOnly("16")),
  call("three parts", "all_methods", "/a/b/c"),
  call("one part", "all_methods", "/a"),
  call("local reply to method", "all_methods", "/nowhere/S"),
  call("dots replaced", "dots", "/a.b.S/Known.too"),
  call("allowed method", "allowed", "/a.b.S/Known"),
  call("method not allowed", "allowed", "/a.b.S/Unknown"),
];

const bridgeCalls: GrpcCase[] = [
  call("bridged", "bridge", "/a.b.S/Known"),
  call("bridged failure", "bridge", "/a.b.S/Known", {
    body: [one],
    trailers: { "grpc-status": "5", "grpc-message": "no%20such", other: "x" },
  }),
  call("bridged failure without body", "bridge", "/a.b.S/Known", {
    trailers: { "grpc-status": "3" },
  }),
  call("bridged trailers only", "bridge", "/a.b.S/Known", trailersOnly("5", "gone")),
  call("bridged bad status", "bridge", "/a.b.S/Known", {
    body: [one],
    trailers: { "grpc-status": "x" },
  }),
  call("bridged without status", "bridge", "/a.b.S/Known", {
    body: [one],
    trailers: { a: "b" },
  }),
  call("bridged without trailers", "bridge", "/a.b.S/Known", { body: [one] }),
  call("bridged stream", "bridge", "/a.b.S/Known", { body: [one, one, one], trailers: ok }),
  call("bridged local reply", "bridge", "/none/S"),
  call("bridged with a query", "bridge", "/a.b.S/Known?a=1"),
  call("bridged reset", "bridge", "/a.b.S/Known", { body: [one], reset: 2 }),
  call("query ignored", "upgrading", "/a.b.S/Known?a=1"),
  {
    name: "upgraded",
    listener: "upgrading",
    path: "/a.b.S/Known?a=1",
    headers: { "content-type": "application/x-protobuf" },
    body: [Buffer.from("hel"), Buffer.from("lo")],
    answer: { body: [one], trailers: ok },
  },
  {
    name: "upgraded without body",
    listener: "upgrading",
    path: "/a.b.S/Known",
    headers: { "content-type": "application/x-protobuf" },
    answer: { body: [framed("")], trailers: ok },
  },
  {
    name: "upgraded failure",
    listener: "upgrading",
    path: "/a.b.S/Known",
    headers: { "content-type": "application/x-protobuf", "content-length": "5" },
    body: [Buffer.from("hello")],
    answer: trailersOnly("7", "no"),
  },
  {
    name: "upgraded late failure",
    listener: "upgrading",
    path: "/a.b.S/Known",
    headers: { "content-type": "application/x-protobuf" },
    body: [Buffer.from("hello")],
    answer: { body: [one], trailers: { "grpc-status": "7" } },
  },
  {
    name: "upgraded local reply",
    listener: "upgrading",
    path: "/nowhere/S",
    headers: { "content-type": "application/x-protobuf" },
    body: [Buffer.from("hello")],
  },
  {
    name: "not upgraded",
    listener: "bridge",
    path: "/a.b.S/Known",
    headers: { "content-type": "application/x-protobuf" },
    body: [Buffer.from("hello")],
    answer: { headers: { "content-type": "application/x-protobuf" }, body: "echo" },
  },
  {
    name: "protobuf with parameters",
    listener: "upgrading",
    path: "/a.b.S/Known",
    headers: { "content-type": "application/x-protobuf;charset=x" },
    body: [Buffer.from("hello")],
    answer: { headers: { "content-type": "application/x-protobuf" }, body: "echo" },
  },
];

const bridgeCases: GrpcCase[] = (["HTTP/1.1", "HTTP/2"] as const).flatMap((protocol) =>
  bridgeCalls.map((each) => ({ ...each, name: `${each.name} ${protocol}`, protocol })),
);

const text = (bytes: Buffer): Buffer => Buffer.from(bytes.toString("base64"));
const webHead = { "content-type": "application/grpc-web" };
const textHead = {
  "content-type": "application/grpc-web-text",
  accept: "application/grpc-web-text",
};
const web = (
  name: string,
  headers: { readonly [name: string]: string },
  more: Partial<GrpcCase> = {},
): GrpcCase => ({
  name,
  listener: "web",
  path: "/a.b.S/Known",
  headers,
  body: [one],
  answer: { body: "echo", trailers: { ...ok, "x-more": "1" } },
  ...more,
});
const encoded = text(one);

const webCases: GrpcCase[] = [
  web("web", webHead),
  web("web over HTTP/1.1", webHead, { protocol: "HTTP/1.1" }),
  web("web+proto", { "content-type": "application/grpc-web+proto", "content-length": "10" }),
  web("web+json", { "content-type": "application/grpc-web+json" }),
  web("web with parameters", { "content-type": "application/grpc-web;charset=utf-8" }),
  web("web asks for text", { ...webHead, accept: "application/grpc-web-text+proto" }),
  web("web accepts two", { ...webHead, accept: "application/grpc-web-text, */*" }),
  web("web with own encoding", { ...webHead, "grpc-accept-encoding": "gzip" }),
  web("text", textHead, { body: [encoded] }),
  web("text over HTTP/1.1", textHead, { body: [encoded], protocol: "HTTP/1.1" }),
  web(
    "text+proto",
    { ...textHead, "content-type": "application/grpc-web-text+proto" },
    { body: [encoded] },
  ),
  web("text without accept", { "content-type": "application/grpc-web-text" }, { body: [encoded] }),
  web("text in pieces", textHead, {
    body: [
      encoded.subarray(0, 1),
      encoded.subarray(1, 3),
      encoded.subarray(3, 6),
      encoded.subarray(6),
    ],
  }),
  web("text in padded pieces", textHead, {
    body: [text(one.subarray(0, 4)), text(one.subarray(4))],
  }),
  web("text of a bad length", textHead, { body: [encoded.subarray(0, 7)] }),
  web("text that is none", textHead, { body: [Buffer.from("AAAA!!!!")] }),
  web("text that is none at first", textHead, { body: [Buffer.from("!!!!AAAA")] }),
  web("text without body", textHead, { body: [] }),
  web("text response in pieces", textHead, {
    body: [encoded],
    answer: {
      body: [
        one.subarray(0, 3),
        one.subarray(3),
        Buffer.concat([one, one, one.subarray(0, 6)]),
        one.subarray(6),
      ],
      trailers: ok,
    },
  }),
  web("text empty message", textHead, {
    body: [encoded],
    answer: { body: [framed("")], trailers: ok },
  }),
  web("text flagged message", textHead, {
    body: [encoded],
    answer: { body: [framed("x", 1)], trailers: ok },
  }),
  web("text bad flag", textHead, {
    body: [encoded],
    answer: { body: [framed("x", 7)], trailers: ok },
  }),
  web("web trailers only", webHead, { answer: trailersOnly("5", "gone") }),
  web("text trailers only", textHead, { body: [encoded], answer: trailersOnly("5", "gone") }),
  web("web failure", webHead, {
    answer: { trailers: { "grpc-status": "9", "grpc-message": "a b" } },
  }),
  web("web without trailers", webHead, { answer: { body: [one] } }),
  web("web of a plain upstream", webHead, {
    answer: {
      status: 403,
      headers: { "content-type": "text/html" },
      body: [Buffer.from("no 100% \nway")],
    },
  }),
  web("web of a plain upstream with trailers", webHead, {
    answer: {
      status: 200,
      headers: { "content-type": "text/plain" },
      body: [Buffer.from("fine")],
      trailers: { x: "y" },
    },
  }),
  web("web of a plain upstream in pieces", webHead, {
    answer: {
      status: 404,
      headers: { "content-type": "text/html" },
      body: [Buffer.from("not "), Buffer.from("found")],
    },
  }),
  web("web of a plain upstream without body", webHead, { answer: { status: 502, headers: {} } }),
  web("web of a long plain upstream", webHead, {
    answer: {
      status: 500,
      headers: { "content-type": "text/html" },
      body: [Buffer.from("x".repeat(20_000))],
    },
  }),
  web("text of a plain upstream", textHead, {
    body: [encoded],
    answer: { status: 403, headers: { "content-type": "text/html" }, body: [Buffer.from("no")] },
  }),
  web("web of a failing gRPC upstream", webHead, {
    answer: { status: 503, body: [Buffer.from("up")] },
  }),
  web("web local reply", webHead, { path: "/none/S" }),
  web("text local reply", textHead, { path: "/none/S", body: [encoded] }),
  web("web local reply for want of hosts", webHead, { path: "/nowhere/S" }),
  web("web reset", webHead, { answer: { body: [one], reset: 2 } }),
  web("web reset before head", webHead, { answer: { reset: 8 } }),
  web("not web", { "content-type": "application/json" }),
  web("gRPC past the web filter", grpc),
  web("web without method", webHead, { path: "/S" }),
];

export const filterCases: readonly GrpcCase[] = [...statsCases, ...bridgeCases, ...webCases];

// ---- grpc_json_transcoder

const shelf = {
  id: "7",
  theme: "sea",
  genre: "POETRY",
  tags: ["a", "b"],
  firstBook: { id: "1", title: "Öl" },
};
const full = {
  ...shelf,
  counts: { x: 1, y: 2 },
  open: true,
  weight: 1.5,
  ratio: 1.1,
  cover: "AP8=",
  built: "2020-01-02T03:04:05.678Z",
  lent: "3.5s",
  note: "n",
  extra: { a: [1, "b", null, true], n: {} },
  mask: "firstBook.title,id",
  books: [{ title: '<b>&"\n\u2028' }, {}],
  floor: 0,
  height: 0,
  small: 4_294_967_295,
  large: "18446744073709551615",
  signed: -5,
  fixed: "9",
  genres: ["FICTION", "POETRY"],
  limit: "5",
  free: { z: 1 },
  camelCase: "c",
  otherName: "r",
};
const shelfAnswer = (json: object = shelf): Answer => ({
  body: [framed(message("Shelf", json as never))],
  trailers: ok,
});

const asks = (name: string, path: string, more: Partial<GrpcCase> = {}): GrpcCase => ({
  name,
  listener: "json",
  method: "GET",
  path,
  answer: shelfAnswer(),
  ...more,
});
const posts = (
  name: string,
  path: string,
  body: string | readonly string[],
  more: Partial<GrpcCase> = {},
): GrpcCase =>
  asks(name, path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: (typeof body === "string" ? [body] : body).map((piece) => Buffer.from(piece)),
    ...more,
  });
const on = (listener: string, ...cases: readonly GrpcCase[]): GrpcCase[] =>
  cases.map((each) => ({ ...each, listener, name: `${listener}: ${each.name}` }));

const paths: GrpcCase[] = [
  asks("path", "/shelves/12"),
  asks("path over HTTP/1.1", "/shelves/12", { protocol: "HTTP/1.1" }),
  asks("path not a number", "/shelves/x"),
  asks("path negative", "/shelves/-3"),
  asks("path too large", "/shelves/9223372036854775808"),
  asks("path empty segment", "/shelves/"),
  asks("path with a slash behind", "/shelves/12/"),
  asks("path of several segments", "/v2/shelves/a%20b/sub/c/d%2Fe"),
  asks("path nested fields", "/books/J%C3%B6rg/of/T%2B+x"),
  asks("path wildcard", "/any/x/y/z"),
  asks("path wildcard empty", "/any"),
  asks("path unknown", "/unknown/thing"),
  asks("path of gRPC", "/golden.Library/GetShelf"),
  asks("unmapped method", "/golden.Library/Unmapped", {
    method: "POST",
    body: [Buffer.from("{}")],
  }),
  asks("other verb", "/shelves/12", { method: "OPTIONS" }),
  asks("custom verb", "/shelves/12", { method: "PURGE" }),
  asks("delete", "/shelves/12", { method: "DELETE" }),
  posts("patch with a verb", "/shelves/12:touch", "{}", { method: "PATCH" }),
  posts("unknown verb", "/shelves/12:other", "{}", { method: "PUT" }),
  asks("percent reserved", "/first/1%2F2"),
  asks("path bad escape", "/v2/shelves/a%zz/sub/c"),
  asks("HEAD", "/shelves/12", { method: "HEAD" }),
];

const queries: GrpcCase[] = [
  asks("query scalars", "/shelves/1?name=a%20b&deep=true&weight=1.5"),
  asks("query plus", "/shelves/1?name=a+b"),
  asks("query nested", "/shelves/1?book.title=T&book.author.firstName=F&book.author.last_name=L"),
  asks("query repeated", "/shelves/1?tag=a&tag=b&number=1&number=2"),
  asks("query enum", "/shelves/1?genre=POETRY"),
  asks("query enum number", "/shelves/1?genre=1"),
  asks("query enum lower case", "/shelves/1?genre=poetry"),
  asks("query enum unknown", "/shelves/1?genre=NONE"),
  asks("query bool number", "/shelves/1?deep=1"),
  asks("query bool bad", "/shelves/1?deep=maybe"),
  asks("query wrapper", "/shelves/1?note=n"),
  asks("query timestamp", "/shelves/1?since=2020-01-02T03:04:05Z"),
  asks("query unknown", "/shelves/1?other=1"),
  asks("query unknown nested", "/shelves/1?book.other=1"),
  asks("query of a message", "/shelves/1?book=1"),
  asks("query empty value", "/shelves/1?name="),
  asks("query without value", "/shelves/1?name"),
  asks("query bound twice", "/shelves/1?shelf=2"),
  asks("query number bad", "/shelves/1?weight=x"),
  asks("query over HTTP/1.1", "/shelves/1?name=x", { protocol: "HTTP/1.1" }),
  asks("query with a key", "/shelves/1?key=secret&name=x"),
  asks("query many unknown", "/shelves/1?u=1&v=2&u=3"),
];

const bodies: GrpcCase[] = [
  posts("body", "/shelves", JSON.stringify(shelf)),
  posts("body of everything", "/shelves", JSON.stringify(full)),
  posts("body over HTTP/1.1", "/shelves", JSON.stringify(shelf), { protocol: "HTTP/1.1" }),
  posts("body in pieces", "/shelves", ['{"the', 'me": "a', "\\u00", 'e4"}']),
  posts(
    "body proto names",
    "/shelves",
    '{"first_book": {"title": "t"}, "camelCase": "x", "renamed": "y"}',
  ),
  posts("body empty", "/shelves", ""),
  posts("body empty object", "/shelves", "{}"),
  posts("body empty pieces", "/shelves", []),
  posts("body null", "/shelves", "null"),
  posts("body array", "/shelves", "[]"),
  posts("body text", "/shelves", '"x"'),
  posts("body not JSON", "/shelves", "{nope"),
  posts("body cut off", "/shelves", '{"theme": "a"'),
  posts("body more behind", "/shelves", '{"theme": "a"} x'),
  posts("body unknown field", "/shelves", '{"theme": "a", "nothing": {"x": [1]}}'),
  posts("body wrong type", "/shelves", '{"id": {}}'),
  posts("body bad number", "/shelves", '{"id": "x"}'),
  posts(
    "body number texts",
    "/shelves",
    '{"id": "5", "small": "6", "weight": "1.5", "open": "true"}',
  ),
  posts(
    "body large numbers",
    "/shelves",
    '{"id": 9007199254740993, "large": 18446744073709551615}',
  ),
  posts("body number too large", "/shelves", '{"small": 4294967296}'),
  posts("body fraction", "/shelves", '{"small": 1.5}'),
  posts("body special numbers", "/shelves", '{"weight": "NaN", "ratio": "-Infinity"}'),
  posts("body enum number", "/shelves", '{"genre": 2, "genres": [1, "POETRY"]}'),
  posts("body enum unknown", "/shelves", '{"genre": "NONE"}'),
  posts("body enum lower case", "/shelves", '{"genre": "poetry"}'),
  posts("body nulls", "/shelves", '{"theme": null, "firstBook": null, "tags": null, "note": null}'),
  posts("body null in a list", "/shelves", '{"tags": [null]}'),
  posts("body twice", "/shelves", '{"theme": "a", "theme": "b"}'),
  posts("body of two of one", "/shelves", '{"room": "a", "floor": 1}'),
  posts("body bad base64", "/shelves", '{"cover": "!"}'),
  posts("body URL base64", "/shelves", '{"cover": "_-8"}'),
  posts("body bad timestamp", "/shelves", '{"built": "yesterday"}'),
  posts(
    "body any",
    "/shelves",
    '{"any": {"@type": "type.googleapis.com/golden.Book", "title": "t"}}',
  ),
  posts("body unknown any", "/shelves", '{"any": {"@type": "type.googleapis.com/none.Such"}}'),
  posts("body single quotes", "/shelves", "{'theme': 'a'}"),
  posts("body trailing comma", "/shelves", '{"theme": "a",}'),
  posts("body without type", "/shelves", "{}", { headers: {} }),
  posts("body of a form", "/shelves", "a=b", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
  }),
  posts("body of gRPC", "/shelves", "x", { headers: grpc, body: [one] }),
  posts("body and path", "/shelves/5", '{"theme": "t"}', { method: "PUT" }),
  posts("body against path", "/shelves/5", '{"id": 6, "theme": "t"}', { method: "PUT" }),
  posts("body field", "/shelves/5", '{"theme": "t"}'),
  posts("body field with a query", "/shelves/5?name=n", '{"theme": "t"}'),
  posts("body field empty", "/shelves/5", ""),
  posts("query beside a body", "/shelves?theme=x", "{}"),
  posts("query against a body", "/shelves?theme=x", '{"theme": "y"}'),
  posts("body long", "/shelves", JSON.stringify({ theme: "x".repeat(300) })),
  asks("bodyless post", "/shelves", { method: "POST" }),
  posts("request trailers", "/shelves", "{}", { trailers: { "x-t": "1" } }),
];

const responses: GrpcCase[] = [
  asks("response of everything", "/shelves/1", { answer: shelfAnswer(full) }),
  asks("response empty", "/shelves/1", { answer: shelfAnswer({}) }),
  asks("response any", "/shelves/1", {
    answer: shelfAnswer({ any: { "@type": "type.googleapis.com/golden.Book", title: "t" } }),
  }),
  asks("response numbers", "/shelves/1", {
    answer: shelfAnswer({ weight: 1e21, ratio: 16_777_216, signed: -2147483648, large: "1" }),
  }),
  asks("response special numbers", "/shelves/1", {
    answer: shelfAnswer({ weight: "NaN", ratio: "Infinity" }),
  }),
  asks("response small numbers", "/shelves/1", {
    answer: shelfAnswer({ weight: 1e-7, ratio: 0.1 }),
  }),
  asks("response unknown enum", "/shelves/1", { answer: shelfAnswer({ genre: 9 }) }),
  asks("response in pieces", "/shelves/1", {
    answer: {
      body: [
        framed(message("Shelf", shelf as never)).subarray(0, 6),
        framed(message("Shelf", shelf as never)).subarray(6),
      ],
      trailers: ok,
    },
  }),
  asks("response of two messages", "/shelves/1", {
    answer: {
      body: [framed(message("Shelf", { id: 1 })), framed(message("Shelf", { id: 2 }))],
      trailers: ok,
    },
  }),
  asks("response of no message", "/shelves/1", { answer: { trailers: ok } }),
  asks("response of half a message", "/shelves/1", {
    answer: { body: [framed("x").subarray(0, 5)], trailers: ok },
  }),
  asks("response not a message", "/shelves/1", {
    answer: { body: [framed("\xff\xff")], trailers: ok },
  }),
  asks("response compressed", "/shelves/1", { answer: { body: [framed("x", 1)], trailers: ok } }),
  asks("response with trailers", "/shelves/1", {
    answer: { ...shelfAnswer(), trailers: { ...ok, "x-t": "1" } },
  }),
  asks("response with trailers over HTTP/1.1", "/shelves/1", {
    protocol: "HTTP/1.1",
    answer: {
      ...shelfAnswer(),
      headers: { "content-type": "application/grpc", trailer: "grpc-status", "x-h": "1" },
      trailers: { ...ok, "x-t": "1" },
    },
  }),
  asks("response failure", "/shelves/1", {
    answer: { trailers: { "grpc-status": "5", "grpc-message": "no%20shelf" } },
  }),
  asks("response failure behind a message", "/shelves/1", {
    answer: { ...shelfAnswer(), trailers: { "grpc-status": "5", "grpc-message": "no" } },
  }),
  asks("response failure with details", "/shelves/1", {
    answer: {
      trailers: {
        "grpc-status": "3",
        "grpc-message": "bad",
        "grpc-status-details-bin": Buffer.from(
          "080312036261641a2a0a1f747970652e676f6f676c65617069732e636f6d2f676f6c64656e2e426f6f6b120708011203616263",
          "hex",
        ).toString("base64"),
      },
    },
  }),
  ...["1", "2", "4", "7", "8", "10", "12", "14", "16", "99", "x"].map((status) =>
    asks(`response status ${status}`, "/shelves/1", { answer: trailersOnly(status, "why%21") }),
  ),
  asks("response without status", "/shelves/1", {
    answer: { body: [framed(message("Shelf", { id: 1 }))], trailers: { a: "b" } },
  }),
  asks("response without trailers", "/shelves/1", {
    answer: { body: [framed(message("Shelf", { id: 1 }))] },
  }),
  asks("response not gRPC", "/shelves/1", {
    answer: { headers: { "content-type": "text/plain" }, body: [Buffer.from("plain")] },
  }),
  asks("response HTTP error", "/shelves/1", {
    answer: { status: 500, body: [Buffer.from("oops")] },
  }),
  asks("response reset", "/shelves/1", { answer: { body: [one], reset: 2 } }),
  asks("response field", "/first/1", {
    answer: {
      body: [framed(message("Upload", { name: "n", file: { contentType: "a/b", data: "AP8=" } }))],
      trailers: ok,
    },
  }),
  asks("response field empty", "/first/1", {
    answer: { body: [framed(message("Upload", { name: "n" }))], trailers: ok },
  }),
  asks("response long", "/shelves/1", { answer: shelfAnswer({ theme: "x".repeat(300) }) }),
  asks("local reply", "/none/1"),
  asks("local reply to a mapped path", "/shelves/1", { answer: { reset: 8 } }),
];

const shelves: Answer = {
  body: [
    framed(message("Shelf", { id: 1 })),
    Buffer.concat([framed(message("Shelf", { theme: "b" })), framed("")]),
  ],
  trailers: ok,
};
const streams: GrpcCase[] = [
  asks("stream", "/themes", { answer: shelves }),
  asks("stream over HTTP/1.1", "/themes", { answer: shelves, protocol: "HTTP/1.1" }),
  asks("stream of none", "/themes", { answer: { trailers: ok } }),
  asks("stream of none, trailers only", "/themes", { answer: trailersOnly("0") }),
  asks("stream that fails", "/themes", {
    answer: { ...shelves, trailers: { "grpc-status": "5", "grpc-message": "m" } },
  }),
  asks("stream that fails at once", "/themes", { answer: trailersOnly("5", "m") }),
  asks("stream that fails without message", "/themes", {
    answer: { trailers: { "grpc-status": "5" } },
  }),
  asks("stream of bad messages", "/themes", {
    answer: { body: [framed("\xff\xff")], trailers: ok },
  }),
  asks("stream of a long message", "/themes", {
    answer: { body: [framed(message("Shelf", { theme: "x".repeat(300) }))], trailers: ok },
  }),
  posts("client stream", "/collect/x", '[{"id": 1}, {"id": 2}]'),
  posts("client stream in pieces", "/collect/x", ['[{"i', 'd": 1}', ", ", '{"theme": "}]"}', "]"]),
  posts("client stream of none", "/collect/x", "[]"),
  posts("client stream of nothing", "/collect/x", ""),
  posts("client stream of an object", "/collect/x", '{"id": 1}'),
  posts("client stream cut off", "/collect/x", '[{"id": 1}'),
  posts("client stream bad element", "/collect/x", '[{"id": 1}, {"id": "x"}]'),
  posts("client stream of numbers", "/collect/x", "[1]"),
  posts("client stream without commas", "/collect/x", '[{"id": 1} {"id": 2}]'),
  posts("client stream of lines", "/collect/x", '{"id": 1}\n{"id": 2}\n'),
  posts("both ways", "/chat", '[{"id": 1}, {"title": "b"}]', {
    answer: { body: "echo", trailers: ok },
  }),
];

const raws: GrpcCase[] = [
  asks("raw", "/raw/1", { answer: { body: [framed(httpBody("text/html", "<p>"))], trailers: ok } }),
  asks("raw over HTTP/1.1", "/raw/1", {
    protocol: "HTTP/1.1",
    answer: { body: [framed(httpBody("text/html", "<p>"))], trailers: ok },
  }),
  asks("raw without type", "/raw/1", {
    answer: { body: [framed(httpBody("", "<p>"))], trailers: ok },
  }),
  asks("raw empty", "/raw/1", { answer: { body: [framed("")], trailers: ok } }),
  asks("raw without message", "/raw/1", { answer: { trailers: ok } }),
  asks("raw of two", "/raw/1", {
    answer: { body: [framed(httpBody("a/b", "1")), framed(httpBody("c/d", "2"))], trailers: ok },
  }),
  asks("raw not a message", "/raw/1", { answer: { body: [framed("\xff\xff")], trailers: ok } }),
  asks("raw failure", "/raw/1", { answer: trailersOnly("5", "m") }),
  asks("raw late failure", "/raw/1", {
    answer: { body: [framed(httpBody("a/b", "1"))], trailers: { "grpc-status": "5" } },
  }),
  asks("raw long", "/raw/1", {
    answer: { body: [framed(httpBody("a/b", "x".repeat(300)))], trailers: ok },
  }),
  asks("raw stream", "/rawstream", {
    answer: { body: [framed(httpBody("a/b", "1")), framed(httpBody("c/d", "2"))], trailers: ok },
  }),
  asks("raw stream of none", "/rawstream", { answer: { trailers: ok } }),
  asks("raw stream in pieces", "/rawstream", {
    answer: {
      body: [
        framed(httpBody("a/b", "12")).subarray(0, 7),
        framed(httpBody("a/b", "12")).subarray(7),
      ],
      trailers: ok,
    },
  }),
  posts("raw request", "/putraw", "<any>", {
    headers: { "content-type": "text/xml" },
    answer: { body: [framed("")], trailers: ok },
  }),
  posts("raw request in pieces", "/putraw", ["<a", "ny>"], {
    headers: { "content-type": "text/xml" },
    answer: { body: [framed("")], trailers: ok },
  }),
  posts("raw request without body", "/putraw", [], {
    answer: { body: [framed("")], trailers: ok },
  }),
  asks("raw request of headers only", "/putraw", {
    method: "POST",
    answer: { body: [framed("")], trailers: ok },
  }),
  posts("raw request without type", "/putraw", "x", {
    headers: {},
    answer: { body: [framed("")], trailers: ok },
  }),
  posts("raw request field", "/files/n.txt", "content", {
    headers: { "content-type": "text/plain" },
    answer: { body: [framed("")], trailers: ok },
  }),
  posts("raw request stream", "/manyfiles/n.txt", "content", {
    headers: { "content-type": "text/plain" },
    answer: { body: [framed("")], trailers: ok },
  }),
  posts("raw request long", "/putraw", "x".repeat(300), {
    answer: { body: [framed("")], trailers: ok },
  }),
];

const all = [...paths, ...queries, ...bodies, ...responses, ...streams, ...raws];
const pick = (...names: readonly RegExp[]): GrpcCase[] =>
  all.filter(({ name }) => names.some((pattern) => pattern.test(name)));

export const transcoderCases: readonly GrpcCase[] = [
  ...all,
  ...on("json_routes", ...pick(/^path$/, /^response failure$/, /^stream$/)),
  ...on(
    "json_print",
    ...pick(
      /^response (of everything|empty|unknown enum|any)$/,
      /^stream( of none)?$/,
      /^response field$/,
      /^raw$/,
    ),
  ),
  ...on("json_lines", ...pick(/^stream/, /^response empty$/)),
  ...on("json_events", ...pick(/^stream/, /^response empty$/, /^raw stream$/)),
  ...on(
    "json_lenient",
    ...pick(
      /^path of several/,
      /^path nested/,
      /^unmapped/,
      /^path of gRPC$/,
      /lower case$/,
      /^query (plus|unknown|many)/,
      /verb$/,
    ),
    ...pick(
      /^response (failure|status|of no)/,
      /^stream that fails/,
      /^raw failure$/,
      /^percent reserved$/,
      /^raw late/,
    ),
  ),
  ...on(
    "json_ignored",
    ...pick(/^query (with a key|unknown|many)/, /^path of several/, /^percent reserved$/),
  ),
  ...on(
    "json_ignored",
    posts("raw request with a query", "/putraw?u=1&v=2&u=3&data=eA==", "x", {
      answer: { body: [framed("")], trailers: ok },
    }),
    posts("raw field with a query", "/files/n.txt?u=1&other.v=a%20b", "x", {
      answer: { body: [framed("")], trailers: ok },
    }),
  ),
  ...on(
    "json_strict",
    ...pick(
      /^path (unknown|of gRPC|not a number)$/,
      /^query (unknown|bound twice|unknown nested|many)/,
      /^other verb$/,
      /^unmapped/,
    ),
    ...pick(/against/, /long/, /^body and path$/, /^body of gRPC$/, /^local reply$/),
  ),
  { ...asks("off by route", "/plain/x"), path: "/plain/shelves" },
  asks("gRPC service of a route", "/other/golden.Library/GetShelf"),
];
