import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt } from "./admin-stats.ts";
import { type FailingCallback, type Failure, failingModule } from "./failing-callbacks.ts";
import { freePort } from "./ports.ts";
import { bootstrap, httpFilter, httpListener, staticCluster, wasmConfig } from "./proxy-config.ts";
import { guest } from "./wasm-guest.ts";

/** One way to fail, behind a listener of its own. */
export interface FailingCase {
  readonly callback: FailingCallback;
  readonly failure: Failure;
  readonly plugin: string;
  readonly port: number;
}

export interface FailingProxy {
  readonly config: JsonObject;
  readonly cases: readonly FailingCase[];
  /** Where a plugin of another VM is at work. */
  readonly neighbourPort: number;
  readonly adminPort: number;
}

const trailers = { http_protocol_options: { enable_trailers: true } };
const clusterTrailers = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: trailers,
    },
  },
};

/** A proxy with a listener for each callback and way to fail, and one for neighbours. */
export async function failingProxy(
  folder: string,
  callbacks: readonly FailingCallback[],
  upstreamPort: number,
): Promise<FailingProxy> {
  const cases: FailingCase[] = [];
  const listeners: JsonObject[] = [];
  const add = async (plugin: string, code: Uint8Array): Promise<number> => {
    const file = path.join(folder, `${plugin}.wasm`);
    writeFileSync(file, code);
    const port = await freePort();
    const config = wasmConfig(file, { name: plugin, vm: { vm_id: plugin } });
    const filters = [httpFilter("guest", config)];
    listeners.push(httpListener({ name: plugin, port, filters, hcm: trailers }));
    return port;
  };
  for (const callback of callbacks) {
    for (const failure of ["trap", "loop"] as const) {
      const plugin = `${callback.name}.${failure}`;
      const port = await add(plugin, await failingModule(callback, failure));
      cases.push({ callback, failure, plugin, port });
    }
  }
  const seen = `(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))`;
  const neighbourPort = await add("neighbour", await guest(seen));
  const adminPort = await freePort();
  const clusters = [staticCluster("upstream", [upstreamPort], clusterTrailers)];
  return {
    config: bootstrap(listeners, clusters, adminAt(adminPort)),
    cases,
    neighbourPort,
    adminPort,
  };
}

/** An upstream's connection: answers each request with a body and a trailer. */
export function answeringWithTrailers(socket: net.Socket): void {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const chunked = /\r\ntransfer-encoding: chunked\r\n/i.test(text);
    if (!text.endsWith("\r\n\r\n") || (chunked && !text.includes("\r\n0\r\n"))) return;
    text = "";
    socket.write(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-t: 1\r\n\r\n",
    );
  });
}

export const requestWithTrailers =
  "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-t: 1\r\n\r\n";

/** One request on a connection of its own: its status, or `cut` when the response broke off. */
export function outcomeOf(port: number): Promise<number | "cut"> {
  const { promise, resolve, reject } = Promise.withResolvers<number | "cut">();
  const socket = net.connect(port, "127.0.0.1", () => socket.write(requestWithTrailers));
  let text = "";
  const end = (outcome: number | "cut"): void => {
    resolve(outcome);
    socket.destroy();
  };
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (isComplete(text)) end(Number(text.slice(9, 12)));
  });
  socket.on("close", () => end("cut"));
  socket.on("error", reject);
  return promise;
}

/** A whole response; all of them here are chunked or empty. */
export function isComplete(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return false;
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(text.slice(0, head + 2))) {
    return text.includes("\r\n0\r\n", head) && text.endsWith("\r\n\r\n");
  }
  return true;
}
