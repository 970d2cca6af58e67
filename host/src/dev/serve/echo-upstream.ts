import http from "node:http";
import type { AddressInfo } from "node:net";

/** A server that answers with what it is asked, as text: request line, headers, body. */
export async function startEchoUpstream(): Promise<{ port: number; close: () => void }> {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.write(`${request.method} ${request.url}\n`);
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      response.write(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}\n`);
    }
    response.write("\n");
    request.pipe(response);
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
