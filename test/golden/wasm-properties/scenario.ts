import net from "node:net";
import { once } from "node:events";
import path from "node:path";
import { writeFileSync } from "node:fs";
import type { JsonObject } from "@bufbuild/protobuf";
import { assemblyScript } from "../../support/assemblyscript.ts";
import { TestClient } from "../../support/hcm-server.ts";
import { requestText } from "../../support/http-exchange.ts";
import { freePort, untilListening } from "../../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
  staticCluster,
  wasmConfig,
} from "../../support/proxy-config.ts";
import { type Cleanup, scratchFolder, startSluice } from "../../support/sluice-process.ts";
import { patience } from "../wasm-calls/scenario.ts";
import { paths } from "./paths.ts";

/** What the module got for a path in a callback: the status, and the value in hexadecimal. */
export type Value = readonly [status: number, hex: string];

/** Values by callback and path. */
export interface Properties {
  [callback: string]: { [path: string]: Value };
}

export interface Run {
  readonly properties: Properties;
  /** The access log of the same request: values by the operator that gave them. */
  readonly operators: { readonly [operator: string]: string };
  /** Of this run: what is not the same in each. */
  readonly ports: { readonly listener: number; readonly upstream: number };
}

const metadata = (namespace: string, key: string): JsonObject => ({
  filter_metadata: { [namespace]: { [key]: `${key} value` } },
});

const script = `
function envoy_on_request(handle)
  local data = handle:streamInfo():dynamicMetadata()
  data:set("ns", "text", "some text")
  data:set("ns", "number", 2.5)
  data:set("ns", "flag", true)
  data:set("ns", "list", {"a", "b"})
  data:set("ns", "map", {k = "v"})
end`;

const upstreamAnswer =
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-up: yes\r\n\r\n" +
  "5\r\nhello\r\n0\r\nx-t: trailer\r\ngrpc-status: 5\r\n\r\n";

function listener(port: number, module: string, logFile: string, format: string): JsonObject {
  const plugin = wasmConfig(module, {
    name: "the plugin",
    rootId: "the root",
    configuration: paths.join("\n"),
    vm: { vm_id: "the vm" },
  });
  const route = {
    name: "the route",
    match: { prefix: "/" },
    route: { cluster: "upstream" },
    metadata: metadata("r", "rk"),
  };
  const host = {
    name: "the host",
    domains: ["*"],
    routes: [route],
    metadata: metadata("v", "vk"),
    include_request_attempt_count: true,
  };
  const made = httpListener({
    port,
    filters: [httpFilter("lua", luaConfig(script)), httpFilter("wasm", plugin)],
    virtualHosts: [host],
    accessLog: logFile,
    logFormat: format,
    hcm: { http_protocol_options: { enable_trailers: true } },
    listener: { metadata: metadata("li", "lik"), traffic_direction: "INBOUND" },
  });
  (made["filter_chains"] as JsonObject[])[0]!["name"] = "the chain";
  return made;
}

function cluster(port: number): JsonObject {
  const made = staticCluster("upstream", [port], {
    metadata: metadata("c", "ck"),
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http_protocol_options: { enable_trailers: true } },
      },
    },
  });
  const assignment = made["load_assignment"] as JsonObject;
  const locality = (assignment["endpoints"] as JsonObject[])[0]!;
  locality["locality"] = { region: "the region", zone: "the zone" };
  (locality["lb_endpoints"] as JsonObject[])[0]!["metadata"] = metadata("h", "hk");
  return made;
}

async function startUpstream(cleanup: Cleanup): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (text.endsWith("\r\n\r\nhello")) socket.write(upstreamAnswer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as net.AddressInfo).port;
}

const node: JsonObject = {
  id: "the node",
  cluster: "the cluster",
  locality: { region: "node region", zone: "node zone", sub_zone: "node subzone" },
  metadata: { role: "edge", ports: [80, 443], deep: { er: "down" } },
};

const request = requestText({
  method: "POST",
  path: "/one/two?a=1&b=2",
  host: "h.example",
  headers: {
    "user-agent": "the agent",
    referer: "http://from.example/",
    "x-request-id": "6f6f6f6f-6f6f-4f6f-8f6f-6f6f6f6f6f6f",
    "x-a": "1",
    "X-A": "2",
  },
  body: "hello",
});

/** Runs the proxy under test once: one request through the module that reads everything everywhere. */
export async function run(cleanup: Cleanup, operators: readonly string[]): Promise<Run> {
  const folder = scratchFolder(cleanup);
  const module = path.join(folder, "properties.wasm");
  writeFileSync(module, await assemblyScript("test/fixtures/wasm/assembly/properties.ts"));
  const upstream = await startUpstream(cleanup);
  const port = await freePort();
  const logFile = path.join(folder, "access.log");
  const config = bootstrap(
    [listener(port, module, logFile, operators.join("\t"))],
    [cluster(upstream)],
    { node, ...patience() },
  );
  const args = ["--concurrency", "1"];
  const proxy = await startSluice(cleanup, { config, folder, args });
  await untilListening(port);
  await using client = await TestClient.connect(port);
  client.send(request);
  await client.until((text) => text.includes("\r\n0\r\n") && text.endsWith("\r\n\r\n"));
  const last = paths.at(-1)!;
  await proxy.untilLogged(`property log ${last} `);
  await proxy.until(() => proxy.stderr.endsWith("\n"), "the end of the line");
  const [line = ""] = await logLines(logFile, 1);
  const values = line.split("\t");
  return {
    properties: read(proxy.lines),
    operators: Object.fromEntries(operators.map((name, i) => [name, values[i] ?? ""])),
    ports: { listener: port, upstream },
  };
}

/** The lines of the module. `configure` is logged by each VM; the last counts. */
function read(lines: readonly string[]): Properties {
  const properties: Properties = {};
  for (const line of lines) {
    const match = /property (\w+) (.*) (\d+) ([0-9a-f]*)$/.exec(line);
    if (match === null) continue;
    const [, callback = "", name = "", status, hex = ""] = match;
    (properties[callback] ??= {})[name] = [Number(status), hex];
  }
  return properties;
}
