import http from "node:http";
import http2 from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { clientStart, fields, frame, FrameClient } from "../../support/http2.ts";

/** What each case does; the text is what is compared. */
export type Http2Case = (ports: { one: number; two: number }) => Promise<string>;

const head = (path: string, method = "GET", ...more: [string, string][]): Buffer =>
  fields([":method", method], [":scheme", "http"], [":authority", "h"], [":path", path], ...more);

/** Sends frames, and says how stream 1 and the connection ended. */
const raw = (...frames: Buffer[]): Http2Case => exchange(true, frames);
/** The same for frames that nothing answers. */
const unanswered = (...frames: Buffer[]): Http2Case => exchange(false, frames);

function exchange(waits: boolean, frames: readonly Buffer[]): Http2Case {
  return async ({ one }) => {
    await using client = await FrameClient.connect(one);
    client.send(clientStart, ...frames);
    const ends = (): boolean =>
      client.frames.some(
        ({ type, flags, streamId }) =>
          type === 7 || type === 3 || (streamId === 1 && type < 2 && (flags & 1) !== 0),
      );
    await Promise.race([
      client.until(ends),
      sleep(waits ? 20_000 : 300, undefined, { ref: false }),
    ]);
    // What comes behind the end belongs to it: a GOAWAY before the connection is closed.
    await sleep(50);
    const seen: string[] = [];
    for (const { type, flags, streamId, payload } of client.frames) {
      if (type === 7) seen.push(`GOAWAY ${payload.readUInt32BE(4)}`);
      else if (type === 3) seen.push(`RST ${payload.readUInt32BE(0)}`);
      else if (streamId === 1 && type < 2) seen.push((flags & 1) === 0 ? "." : "END");
    }
    return [...new Set(seen)].join(" ");
  };
}

/** One request of node:http2 on the listener whose upstream speaks this. */
function request(upstream: "one" | "two", path: string, options: RequestOptions = {}): Http2Case {
  return async (ports) => {
    const session = http2.connect(`http://127.0.0.1:${ports[upstream]}`);
    session.on("error", () => undefined);
    const { headers = {}, body, trailers } = options;
    const stream = session.request(
      { ":method": body === undefined ? "GET" : "POST", ":path": path, ...headers },
      { waitForTrailers: trailers !== undefined },
    );
    let text = "";
    stream.on("wantTrailers", () => stream.sendTrailers(trailers!));
    stream.on("headers", (info) => (text += `[${info[":status"]}] `));
    stream.on("response", (got) => (text += `${got[":status"]} ${shown(got)} `));
    stream.on("trailers", (got: http2.IncomingHttpHeaders) => (text += `trailers ${shown(got)} `));
    stream.on("data", (piece: Buffer) => (text += piece.length > 100 ? piece.length : piece));
    stream.on("error", () => undefined);
    if (body === undefined) stream.end();
    else stream.end(body);
    await new Promise((resolve) => stream.once("close", resolve));
    session.destroy();
    return `${text} rst ${stream.rstCode}`;
  };
}

/** One request over HTTP/1.1 on the listener whose upstream speaks HTTP/2. */
function bridged(path: string, options: http.RequestOptions = {}, body?: string): Http2Case {
  return async ({ two }) => {
    const sent = http.request({ port: two, host: "127.0.0.1", path, agent: false, ...options });
    const answered = new Promise<http.IncomingMessage | Error>((resolve) => {
      sent.on("response", resolve).on("error", resolve);
    });
    sent.end(body);
    const response = await answered;
    if (response instanceof Error) return "no response";
    let text = "";
    let end = "whole";
    response.on("data", (piece: Buffer) => (text += piece.toString("latin1")));
    response.on("error", () => (end = "cut off"));
    await new Promise((resolve) => response.once("close", resolve));
    const trailers = JSON.stringify(response.trailers);
    return `${response.statusCode} ${shown(response.headers)} ${text} ${trailers} ${end}`;
  };
}

interface RequestOptions {
  readonly headers?: http2.OutgoingHttpHeaders;
  readonly body?: string;
  readonly trailers?: http2.OutgoingHttpHeaders;
}

/** Of heads: what differs from run to run. */
export const volatile = new Set([
  ":status",
  "date",
  "x-envoy-upstream-service-time",
  "x-request-id",
]);

export function shown(headers: http2.IncomingHttpHeaders): string {
  const names = Object.keys(headers).filter((name) => !volatile.has(name));
  return JSON.stringify(Object.fromEntries(names.sort().map((name) => [name, headers[name]])));
}

export const http2Cases: { [name: string]: Http2Case } = {
  "get to 1": request("one", "/echo"),
  "get to 2": request("two", "/echo"),
  "post to 1": request("one", "/echo", { body: "hello" }),
  "post to 2": request("two", "/echo", { body: "hello" }),
  "empty post to 1": request("one", "/echo", { body: "" }),
  "trailers to 1": request("one", "/echo", { body: "x", trailers: { "x-t": "1" } }),
  "trailers to 2": request("two", "/trailers", { body: "x", trailers: { "x-t": "1" } }),
  "head to 1": request("one", "/echo", { headers: { ":method": "HEAD" } }),
  "head to 2": request("two", "/echo", { headers: { ":method": "HEAD" } }),
  "204 of 1": request("one", "/204"),
  "204 of 2": request("two", "/204"),
  "te and host": request("one", "/echo", { headers: { te: "trailers" } }),
  "reset before head": request("two", "/reset/8"),
  refused: request("two", "/reset/7"),
  "internal error before head": request("two", "/reset/2"),
  "reset behind head": request("two", "/half"),
  "cut off by 1": request("one", "/half"),
  "closed by 1": request("one", "/close"),
  "grpc local reply": request("one", "/none", { headers: { "content-type": "application/grpc" } }),
  "grpc reset": request("two", "/reset/8", { headers: { "content-type": "application/grpc" } }),
  "no route": request("one", "/none"),
  "early answer": raw(frame(1, 4, 1, head("/none", "POST"))),
  "upper case": raw(frame(1, 5, 1, head("/echo", "GET", ["X-A", "b"]))),
  "connection field": raw(frame(1, 5, 1, head("/echo", "GET", ["connection", "close"]))),
  "length mismatch": raw(
    frame(1, 4, 1, head("/echo", "POST", ["content-length", "3"])),
    frame(0, 1, 1, Buffer.from("ab")),
  ),
  "101 fields": raw(
    frame(
      1,
      5,
      1,
      head(
        "/echo",
        "GET",
        ...Array.from({ length: 101 }, (_e, i): [string, string] => [`x${i}`, "v"]),
      ),
    ),
  ),
  "no path": raw(
    frame(1, 5, 1, fields([":method", "GET"], [":scheme", "http"], [":authority", "h"])),
  ),
  "client reset": unanswered(
    frame(1, 4, 1, head("/echo", "POST")),
    frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
  ),
  "client reset with PROTOCOL_ERROR": unanswered(
    frame(1, 4, 1, head("/echo", "POST")),
    frame(3, 0, 1, Buffer.from([0, 0, 0, 1])),
  ),
  "client reset with CONNECT_ERROR": unanswered(
    frame(1, 4, 1, head("/echo", "POST")),
    frame(3, 0, 1, Buffer.from([0, 0, 0, 10])),
  ),
  "protocol error before head": request("two", "/reset/1"),
  "connect error before head": request("two", "/reset/10"),
  "1 to 2": bridged("/echo"),
  "1 to 2, post": bridged("/echo", { method: "POST" }, "hello"),
  "1 to 2, chunked": bridged(
    "/echo",
    { method: "POST", headers: { "transfer-encoding": "chunked" } },
    "hello",
  ),
  "1 to 2, hop by hop": bridged("/echo", {
    headers: { te: "trailers, deflate", "keep-alive": "x", "proxy-connection": "x" },
  }),
  "1 to 2, head": bridged("/echo", { method: "HEAD" }),
  "1 to 2, 204": bridged("/204"),
  "1 to 2, trailers": bridged("/trailers", { method: "POST" }, "x"),
  "1 to 2, reset": bridged("/reset/8"),
  "1 to 2, refused": bridged("/reset/7"),
  "1 to 2, protocol error": bridged("/reset/1"),
  "1 to 2, reset behind head": bridged("/half"),
  "data on stream 0": raw(frame(0, 0, 0, Buffer.from("x"))),
  "trailers that do not end": raw(
    frame(1, 4, 1, head("/echo", "POST")),
    frame(1, 4, 1, fields(["x-t", "1"])),
  ),
  "unknown method": raw(frame(1, 5, 1, head("/echo", "FROB"))),
};
