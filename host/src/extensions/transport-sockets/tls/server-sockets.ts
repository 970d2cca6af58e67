import type { DownstreamTransportSockets } from "../../../contracts/network/transport-socket.ts";
import type { ListenerContext } from "../../../contracts/runtime.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import { followContexts } from "./follow-contexts.ts";
import { NotReadySocket } from "./not-ready-socket.ts";
import { ServerMaterial } from "./server-material.ts";
import { ServerTlsSocket, type ServerTlsShared } from "./server-tls-socket.ts";
import { KeyLog } from "./key-log.ts";
import { TlsStats } from "./tls-stats.ts";

/** What the connections of a filter chain are encrypted with. */
export function createServerSockets(
  config: ServerTlsConfig,
  context: ListenerContext,
): DownstreamTransportSockets {
  const { secrets, listenerScope: scope } = context;
  const { followed, notReady } = followContexts(
    config.material,
    (material) => new ServerMaterial(config, material),
    { secrets, scope, side: "server" },
  );
  const logger = context.loggers.logger("connection");
  const shared: ServerTlsShared = {
    config,
    stats: new TlsStats(scope),
    keyLog: config.keyLogPath === undefined ? undefined : new KeyLog(config.keyLogPath, logger),
    logger,
  };
  return {
    secure: (accepted) => {
      if (followed.current !== undefined) {
        return new ServerTlsSocket(accepted, shared, followed.current);
      }
      notReady.inc();
      return new NotReadySocket(accepted.socket);
    },
    dispose: () => followed.close(),
  };
}
