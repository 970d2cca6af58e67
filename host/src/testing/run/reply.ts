import type { Proxy } from "../proxy/proxy.ts";
import type { Reply } from "../suite/suite.ts";

/** Lets a server of bytes send, each piece when the one before has had its effects; or says why it cannot. */
export async function sendReply(proxy: Proxy, reply: Reply): Promise<string | undefined> {
  const { server, chunks, end } = reply;
  const connection = proxy.connections.findLast((each) => each.server === server);
  if (connection === undefined) return `reply: nobody has connected to the server ${server}`;
  const { socket } = connection;
  for (const chunk of chunks) {
    if (socket.destroyed || socket.writableEnded) {
      return `reply: the connection to the server ${server} has ended`;
    }
    socket.write(chunk);
    await proxy.settle(() => false);
  }
  if (end) socket.end();
  await proxy.settle(() => false);
  return undefined;
}
