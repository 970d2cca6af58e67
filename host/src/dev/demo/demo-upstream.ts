import http from "node:http";
import type { AddressInfo } from "node:net";

/** A server to stand behind the demo proxy: answers with what it was asked. Resolves to its port. */
export async function startDemoUpstream(): Promise<{ port: number; close: () => void }> {
  const server = http.createServer((request, response) => {
    const greeted = request.headers["x-greeted"];
    response.writeHead(200, { "content-type": "text/plain" });
    response.write(`You asked for ${request.url}\n`);
    if (greeted !== undefined) response.write(`x-greeted: ${String(greeted)}\n`);
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
