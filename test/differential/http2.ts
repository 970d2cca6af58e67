// Compares what clients, upstreams and the access log see of HTTP/2 through Envoy and through Sluice:
//   ENVOY=<envoy> node -C sluice-source test/differential/http2.ts [case…]
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../golden/running-envoy.ts";
import { sluiceBin } from "../support/command.ts";
import { clientStart, fields, frame, FrameClient } from "../support/http2.ts";

/** What each case does; the text is what is compared. */
type Case = (ports: { one: number; two: number }) => Promise<string>;

const head = (path: string, method = "GET", ...more: [string, string][]): Buffer =>
  fields([":method", method], [":scheme", "http"], [":authority", "h"], [":path", path], ...more);

/** Sends frames, and says how stream 1 and the connection ended. */
function raw(...frames: Buffer[]): Case {
  return async ({ one }) => {
    await using client = await FrameClient.connect(one);
    client.send(clientStart, ...frames);
    const ends = (): boolean =>
      client.frames.some(
        ({ type, flags, streamId }) =>
          type === 7 || type === 3 || (streamId === 1 && type < 2 && (flags & 1) !== 0),
      );
    await Promise.race([client.until(ends), sleep(2000)]);
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
function request(upstream: "one" | "two", path: string, options: RequestOptions = {}): Case {
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

interface RequestOptions {
  readonly headers?: http2.OutgoingHttpHeaders;
  readonly body?: string;
  readonly trailers?: http2.OutgoingHttpHeaders;
}

const volatile = new Set([":status", "date", "x-envoy-upstream-service-time", "x-request-id"]);

function shown(headers: http2.IncomingHttpHeaders): string {
  const names = Object.keys(headers).filter((name) => !volatile.has(name));
  return JSON.stringify(Object.fromEntries(names.sort().map((name) => [name, headers[name]])));
}

const cases: { [name: string]: Case } = {
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
  "client reset": raw(
    frame(1, 4, 1, head("/echo", "POST")),
    frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
  ),
  "data on stream 0": raw(frame(0, 0, 0, Buffer.from("x"))),
  "trailers that do not end": raw(
    frame(1, 4, 1, head("/echo", "POST")),
    frame(1, 4, 1, fields(["x-t", "1"])),
  ),
  "unknown method": raw(frame(1, 5, 1, head("/echo", "FROB"))),
};

async function upstreams(): Promise<{ one: number; two: number; close(): void }> {
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
  const [portOne, portTwo] = [await freePort(), await freePort()];
  await new Promise<void>((resolve) => one.listen(portOne, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => two.listen(portTwo, "127.0.0.1", resolve));
  return { one: portOne, two: portTwo, close: () => [one, two].forEach((each) => each.close()) };
}

function bootstrap(
  listen: { one: number; two: number },
  to: { one: number; two: number },
  log: string,
): object {
  const types = "type.googleapis.com/envoy.extensions";
  const address = (port: number): object => ({
    socket_address: { address: "127.0.0.1", port_value: port },
  });
  const listener = (name: "one" | "two"): object => {
    const routes = ["/echo", "/204", "/half", "/close", "/reset/", "/trailers"].map((prefix) => ({
      match: { prefix },
      route: { cluster: name },
    }));
    const hcm = {
      "@type": `${types}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      route_config: { virtual_hosts: [{ name: "v", domains: ["*"], routes }] },
      access_log: [
        {
          name: "file",
          typed_config: {
            "@type": `${types}.access_loggers.file.v3.FileAccessLog`,
            path: log,
            log_format: {
              text_format_source: {
                inline_string:
                  "%PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %GRPC_STATUS%\n",
              },
            },
          },
        },
      ],
      http_filters: [
        { name: "router", typed_config: { "@type": `${types}.filters.http.router.v3.Router` } },
      ],
    };
    return {
      name,
      address: address(listen[name]),
      filter_chains: [{ filters: [{ name: "hcm", typed_config: hcm }] }],
    };
  };
  const cluster = (name: "one" | "two"): object => ({
    name,
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(to[name]) } }] }],
    },
    ...(name === "two" ? { http2_protocol_options: {} } : {}),
  });
  return {
    node: { id: "n", cluster: "c" },
    static_resources: {
      listeners: [listener("one"), listener("two")],
      clusters: [cluster("one"), cluster("two")],
    },
  };
}

async function run(
  command: string,
  args: readonly string[],
  names: readonly string[],
): Promise<Map<string, string>> {
  const to = await upstreams();
  const listen = { one: await freePort(), two: await freePort() };
  const folder = mkdtempSync(path.join(tmpdir(), "http2-"));
  const log = path.join(folder, "log");
  const file = path.join(folder, "config.json");
  writeFileSync(file, JSON.stringify(bootstrap(listen, to, log)));
  const child = spawn(command, [...args, "-c", file, "--concurrency", "1", "-l", "error"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await untilListening(listen.two, child);
  const results = new Map<string, string>();
  let logged = 0;
  for (const name of names) {
    const seen = await cases[name]!(listen);
    let lines: string[] = [];
    for (let tries = 0; tries < 100 && lines.length <= logged; tries += 1) {
      await sleep(30);
      lines = read(log);
    }
    results.set(name, `${seen} | ${lines.slice(logged).join(" | ")}`);
    logged = lines.length;
  }
  child.kill();
  to.close();
  return results;
}

function read(file: string): string[] {
  try {
    return readFileSync(file, "latin1").trim().split("\n").filter(Boolean);
  } catch {
    // Nothing was logged yet.
    return [];
  }
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300 && child.exitCode === null; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error("does not listen");
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(cases);
const quiet = ["--disable-hot-restart", "--file-flush-interval-msec", "10"];
const envoy = await run(process.env["ENVOY"] ?? "envoy", quiet, wanted);
const sluice = await run(process.execPath, [process.env["SLUICE"] ?? sluiceBin], wanted);
let differences = 0;
for (const name of wanted) {
  const [theirs, ours] = [envoy.get(name)!, sluice.get(name)!];
  if (theirs === ours) continue;
  differences += 1;
  console.log(`${name}\n  envoy  ${theirs}\n  sluice ${ours}`);
}
console.log(`${wanted.length} cases, ${differences} different`);
process.exit(0);
