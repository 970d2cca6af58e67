import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, logLines, staticCluster } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

test("the command carries HTTP/2 on both sides, and drains it at SIGTERM", async (t) => {
  const held: http2.ServerHttp2Stream[] = [];
  const upstream = http2.createServer();
  upstream.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    if (headers[":path"] === "/hold") held.push(stream);
    else stream.respond({ ":status": 200 }, { endStream: true });
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const upstreamPort = (upstream.address() as AddressInfo).port;
  const port = await freePort();
  const log = path.join(scratchFolder(t), "log");
  const logFormat = "%PROTOCOL% %UPSTREAM_PROTOCOL% %RESPONSE_CODE%";
  const sluice = await startSluice(t, {
    config: bootstrap(
      [httpListener({ port, accessLog: log, logFormat, hcm: { codec_type: "HTTP2" } })],
      [staticCluster("upstream", [upstreamPort], { http2_protocol_options: {} })],
    ),
    args: ["--concurrency", "2", "--shutdown-grace-s", "30"],
  });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => {
    session.destroy();
    upstream.close();
  });
  const first = session.request({ ":path": "/" });
  assert.equal((await once(first, "response"))[0][":status"], 200);
  first.resume();
  await once(first, "close");
  const waiting = session.request({ ":path": "/hold" });
  const answered = once(waiting, "response");
  while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));

  const goAways: number[] = [];
  session.on("goaway", (code: number) => goAways.push(code));
  const closed = once(session, "close");
  sluice.child.kill("SIGTERM");
  while (goAways.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  held[0]!.respond({ ":status": 204 }, { endStream: true });
  assert.equal((await answered)[0][":status"], 204);
  waiting.resume();
  await closed;
  assert.deepEqual(goAways, [0, 0]);
  assert.deepEqual(await sluice.ended(), { code: 0, signal: null });
  assert.deepEqual(await logLines(log, 2), ["HTTP/2 HTTP/2 200", "HTTP/2 HTTP/2 204"]);
});
