import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { clientStart, frame, getHead } from "../../support/http2.ts";
import { untilReady } from "../lib/child.ts";
import { pssMegabytes } from "../lib/process-tree.ts";
import { ports, proxyUrl, startSluice } from "../lib/proxies.ts";
import type { Report } from "../lib/report.ts";

const connections = 10_000;
/** So many are made at a time. */
const batch = 100;
const settleMs = 5000;
const headers = 1;

/** Memory of HTTP/2 connections that have served a request and wait. */
export async function benchIdle(report: Report): Promise<void> {
  const proxy = startSluice({}, ["--concurrency", "2"]);
  const sockets: net.Socket[] = [];
  try {
    await untilReady(`${proxyUrl}/`, proxy);
    const before = pssMegabytes(proxy.pid);
    while (sockets.length < connections) {
      const more = await Promise.all(Array.from({ length: batch }, connect));
      sockets.push(...more);
    }
    await sleep(settleMs);
    const open = sockets.filter((socket) => !socket.destroyed).length;
    if (open < connections) report.problem(`${connections - open} connections were closed`);
    const after = pssMegabytes(proxy.pid);
    report.row("before", `${before.toFixed(0)} MB`);
    const each = ((after - before) * 1024) / connections;
    report.row(
      `${connections} idle HTTP/2 connections, 2 workers (≤ 400 MB)`,
      `${after.toFixed(0)} MB, ${each.toFixed(1)} KB each`,
    );
  } catch (error) {
    report.problem(
      `after ${sockets.length} connections: ${String(error)}; is \`ulimit -n\` 20000?`,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    await proxy.stop();
  }
}

/** A connection that has had one response. */
async function connect(): Promise<net.Socket> {
  const socket = net.connect(ports.proxy, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(Buffer.concat([clientStart, frame(headers, 5, 1, getHead)]));
  await new Promise<void>((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    socket.on("close", () => reject(new Error("closed before the response")));
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!hasResponse(bytes)) return;
      socket.removeAllListeners("data");
      socket.resume();
      resolve();
    });
  });
  return socket;
}

/** Whether a frame of HEADERS has come. */
function hasResponse(bytes: Buffer): boolean {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === headers) return true;
  }
  return false;
}
