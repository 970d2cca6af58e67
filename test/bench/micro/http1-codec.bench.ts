// CPU of the HTTP/1 codec per message, without sockets:
//   node test/bench/micro/http1-codec.bench.ts
import { OwnedBuffer } from "../../../host/src/common/data-buffer.ts";
import { HeaderMapImpl } from "../../../host/src/common/headers/header-map.ts";
import type { DataBuffer } from "../../../host/src/contracts/buffer.ts";
import type {
  RequestDecoder,
  ResponseDecoder,
  ResponseEncoder,
} from "../../../host/src/contracts/http/codec.ts";
import { Http1ClientConnection } from "../../../host/src/http/codec/http1/client-connection.ts";
import { Http1ServerConnection } from "../../../host/src/http/codec/http1/server-connection.ts";
import { HeadKind, HeadScanner } from "../../../host/src/http/codec/http1/head-scanner.ts";
import { codecStats, defaultSettings } from "../../support/http1.ts";
import { MemoryConnection } from "../../support/memory-connection.ts";

const requestBytes = Buffer.from(
  "GET /api/v1/items?id=12345 HTTP/1.1\r\nHost: www.example.com\r\n" +
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0\r\n" +
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n" +
    "Cookie: session=0123456789abcdef0123456789abcdef\r\nCache-Control: no-cache\r\n" +
    "X-Forwarded-For: 10.0.0.1\r\nX-Custom: abc\r\nConnection: keep-alive\r\n\r\n",
  "latin1",
);
const responseBytes = Buffer.from(
  "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 05:00:00 GMT\r\nContent-Type: text/html\r\n" +
    'Content-Length: 12\r\nLast-Modified: Sat, 21 Nov 2026 04:00:00 GMT\r\nETag: "65f0-12"\r\n' +
    "Cache-Control: max-age=60\r\nConnection: keep-alive\r\n\r\nhello world\n",
  "latin1",
);
const noData = new OwnedBuffer();

/** Takes what is written and forgets it. */
class SinkConnection extends MemoryConnection {
  bytes = 0;
  override write(data: DataBuffer): void {
    this.bytes += data.length;
    data.drain(data.length);
  }
  override writeLatin1(text: string): void {
    this.bytes += text.length;
  }
}

let sink = 0;
const responseHeaders = new HeaderMapImpl();
for (const [name, value] of [
  [":status", "200"],
  ["server", "envoy"],
  ["date", "Sat, 21 Nov 2026 05:00:00 GMT"],
  ["content-type", "text/html"],
  ["content-length", "0"],
  ["x-envoy-upstream-service-time", "1"],
] as const) {
  responseHeaders.add(name, value);
}
const requestHeaders = new HeaderMapImpl();
for (const [name, value] of [
  [":authority", "www.example.com"],
  [":path", "/api/v1/items?id=12345"],
  [":method", "GET"],
  [":scheme", "http"],
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"],
  ["accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["accept-encoding", "gzip, deflate, br"],
  ["accept-language", "en-US,en;q=0.9"],
  ["cookie", "session=0123456789abcdef0123456789abcdef"],
  ["cache-control", "no-cache"],
  ["x-forwarded-for", "10.0.0.1"],
  ["x-forwarded-proto", "http"],
  ["x-request-id", "00000000-0000-4000-8000-000000000000"],
] as const) {
  requestHeaders.add(name, value);
}

class Handler implements RequestDecoder {
  readonly encoder: ResponseEncoder;
  constructor(encoder: ResponseEncoder) {
    this.encoder = encoder;
  }
  decodeHeaders(): void {
    this.encoder.encodeHeaders(responseHeaders, true);
  }
  decodeData(): void {}
  decodeTrailers(): void {}
  sendLocalReply(): void {}
}

class Receiver implements ResponseDecoder {
  decode1xxHeaders(): void {}
  decodeHeaders(): void {}
  decodeData(data: DataBuffer): void {
    sink += data.length;
  }
  decodeTrailers(): void {}
}

const server = new Http1ServerConnection(
  new SinkConnection(),
  { newStream: (encoder) => new Handler(encoder) },
  defaultSettings,
  codecStats(),
);
const client = new Http1ClientConnection(new SinkConnection(), defaultSettings, codecStats(), {
  onIdle: () => undefined,
});
const receiver = new Receiver();
const scanner = new HeadScanner();

const cases: readonly [string, () => void][] = [
  [
    "scan a request head of 10 fields",
    () => {
      scanner.reset(HeadKind.Request, 61_440, 100);
      sink += scanner.scan(requestBytes, requestBytes.length);
    },
  ],
  [
    "server: parse a request, encode a response head",
    () => {
      server.dispatch(OwnedBuffer.of(requestBytes));
    },
  ],
  [
    "client: encode a request head, parse a response with body",
    () => {
      client.newStream(receiver).encodeHeaders(requestHeaders, true);
      client.dispatch(OwnedBuffer.of(responseBytes));
    },
  ],
];

const rounds = 7;
const perRound = 30_000;
for (const [name, run] of cases) {
  let best = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    const start = process.cpuUsage();
    for (let i = 0; i < perRound; i += 1) run();
    const used = process.cpuUsage(start);
    best = Math.min(best, (used.user + used.system) / perRound);
  }
  console.log(`${best.toFixed(3).padStart(8)} µs  ${name}`);
}
if (sink + noData.length < 0) console.log(sink);
