import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { shown, volatile } from "./cases.ts";

/** An HTTP/1.1 and an HTTP/2 server that do what the path says. */
export async function startUpstreams(): Promise<{ one: number; two: number; close(): void }> {
  const one = http.createServer((req, res) => {
    if (req.url === "/close") {
      req.socket.destroy();
    } else if (req.url === "/half") {
      res.writeHead(200, { "content-length": "10" });
      res.write("half", () => setTimeout(() => req.socket.destroy(), 50));
    } else if (req.url === "/204") {
      res.writeHead(204).end();
    } else {
      const chunks: Buffer[] = [];
      req.on("data", (chunk: Buffer) => chunks.push(chunk));
      req.on("end", () => {
        const names = Object.keys(req.headers).filter((name) => !volatile.has(name));
        const seen = names.sort().map((name) => `${name}=${String(req.headers[name])}`);
        res.end(
          `${req.method} ${seen.join(";")} ${Buffer.concat(chunks).toString()}`.replace(
            /:\d{4,5}/,
            ":P",
          ),
        );
      });
    }
  });
  const two = http2.createServer();
  two.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    const url = headers[":path"]!;
    const reset = /^\/reset\/(\d+)/.exec(url);
    if (reset !== null) {
      stream.close(Number(reset[1]));
    } else if (url === "/half") {
      stream.respond({ ":status": 200 });
      stream.write("half", () => stream.destroy(new Error("fails")));
    } else if (url === "/204") {
      stream.respond({ ":status": 204 }, { endStream: true });
    } else if (url === "/trailers") {
      let got = "";
      stream.on("trailers", (trailers: http2.IncomingHttpHeaders) => (got = shown(trailers)));
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ got }));
      stream.resume();
      stream.on("end", () => stream.end("body"));
    } else {
      stream.respond({ ":status": 200, seen: Object.keys(headers).sort().join(",") });
      stream.pipe(stream);
    }
  });
  for (const server of [one, two]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
  const portOf = (server: http.Server | http2.Http2Server): number =>
    (server.address() as AddressInfo).port;
  const sessions = new Set<http2.ServerHttp2Session>();
  two.on("session", (session) => sessions.add(session));
  const close = (): void => {
    for (const session of sessions) session.destroy();
    one.closeAllConnections();
    one.close();
    two.close();
  };
  return { one: portOf(one), two: portOf(two), close };
}
