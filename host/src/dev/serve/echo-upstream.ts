import http from "node:http";
import net, { type AddressInfo } from "node:net";

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
  const port = await listening(server);
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, close };
}

/** A server that sends back what it is sent. */
export async function startTcpEcho(): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  const port = await listening(server);
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port, close };
}

/** Listens at any port, which it gives. */
async function listening(server: net.Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}
