import { framed, type GrpcCase } from "./exchange.ts";
import type { Answer } from "./upstream.ts";

// What clients of gRPC get when a call does not reach its upstream, or not to the end.

const grpc = { "content-type": "application/grpc", te: "trailers" };
const one = framed("hello");
const answered: Answer = { body: [one], trailers: { "grpc-status": "0" } };
const silence: Answer = { instead: "silence" };

const call = (name: string, path: string, more: Partial<GrpcCase> = {}): GrpcCase => ({
  name: `replies: ${name}`,
  listener: "replies",
  path,
  headers: grpc,
  body: [one],
  answer: answered,
  ...more,
});
const withType = (type: string): GrpcCase =>
  call(`content type ${type}`, "/code/503/x", { headers: { "content-type": type } });
const withTimeout = (timeout: string, path: string, answer: Answer): GrpcCase =>
  call(`grpc-timeout ${timeout} to ${path}`, path, {
    headers: { ...grpc, "grpc-timeout": timeout },
    answer,
  });

const codes = [204, 301, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504];

export const replyCases: readonly GrpcCase[] = [
  ...codes.map((code) => call(`code ${code}`, `/code/${code}/x`)),
  ...codes.map((code) =>
    call(`code ${code} over 1.1`, `/code/${code}/x`, { protocol: "HTTP/1.1" }),
  ),
  call("empty", "/empty/x"),
  call("redirect", "/redirect/x"),
  call("HEAD", "/code/503/x", { method: "HEAD" }),
  {
    name: "replies: GET without body",
    listener: "replies",
    method: "GET",
    path: "/code/503/x",
    headers: grpc,
  },
  withType("application/grpc+proto"),
  withType("application/grpc+"),
  withType("application/grpc;charset=utf-8"),
  withType("application/grpcx"),
  withType("application/grpc-web"),
  withType("Application/gRPC"),
  call("no route", "/none"),
  call("no host", "/no/host/x"),
  call("refused connection", "/refused/x"),
  call("overflow", "/overflow/x"),
  call("closed connection", "/close/2/x", { answer: { instead: "close" } }),
  call("closed connection over 1.1", "/close/1/x", {
    answer: { instead: "close" },
    protocol: "HTTP/1.1",
  }),
  ...[0, 1, 2, 7, 8].map((reset) => call(`reset ${reset}`, "/to/x", { answer: { reset } })),
  call("reset behind a message", "/to/x", { answer: { body: [one], reset: 2 } }),
  call("no trailers", "/to/x", { answer: { body: [one] } }),
  call("HTTP error", "/to/x", {
    answer: { status: 503, headers: { "content-type": "text/plain" } },
  }),
  call("route timeout", "/slow/x", { answer: silence }),
  call("route timeout over 1.1", "/slow/x", { answer: silence, protocol: "HTTP/1.1" }),
  call("idle timeout", "/idle/x", { answer: silence }),
  call("stream duration", "/duration/x", { answer: silence }),
  call("stream duration behind a message", "/duration/x", {
    answer: { body: [one], isOpen: true },
  }),
  withTimeout("50m", "/deadline/x", silence),
  withTimeout("0m", "/deadline/x", silence),
  withTimeout("60S", "/deadline/x", answered),
  withTimeout("20000m", "/deadline/x", answered),
  withTimeout("250m", "/offset/x", silence),
  withTimeout("1H", "/offset/x", answered),
  withTimeout("100m", "/offset/x", silence),
  withTimeout("30000000u", "/offset/x", answered),
  withTimeout("999999999m", "/deadline/x", answered),
  withTimeout("5x", "/deadline/x", answered),
  withTimeout("m", "/deadline/x", answered),
  withTimeout("-5S", "/deadline/x", answered),
  withTimeout("1S", "/to/x", answered),
  call("no grpc-timeout", "/deadline/x"),
  withTimeout("300m", "/most/x", silence),
  withTimeout("60S", "/most/x", answered),
  withTimeout("20S", "/most/x", answered),
  withTimeout("50m", "/most/x", silence),
  withTimeout("bad", "/most/x", answered),
  call("no grpc-timeout, but the most", "/most/x"),
  call("no grpc-timeout, and little", "/shortmost/x", { answer: silence }),
  call("no grpc-timeout, and any", "/any/x"),
  withTimeout("40S", "/any/x", answered),
  call("the most of what is not gRPC", "/most/x", { headers: { "grpc-timeout": "1S" } }),
];
