import net from "node:net";
import { systemErrorCode } from "../../common/file-problem.ts";

/** Why the proxy cannot listen at a port of the loopback; undefined: it can. `flag`: what chooses the port. */
export function portProblem(port: number, flag: string): Promise<string | undefined> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once("error", (error) => resolve(`port ${port} ${meaning(error)}: ${flag} <n>`));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
}

function meaning(error: Error): string {
  switch (systemErrorCode(error)) {
    case "EADDRINUSE":
      return "is taken; end what listens there, or choose another one";
    case "EACCES":
      return "is not for this user; choose one from 1024 on";
    default:
      return `cannot be listened at (${error.message}); choose another one`;
  }
}
