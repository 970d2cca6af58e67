import type { UpstreamTransportSockets } from "../../../contracts/network/transport-socket.ts";
import type { ClusterContext } from "../../../contracts/runtime.ts";
import { ClientMaterial } from "./client-material.ts";
import { ClientTlsSocket, type ClientTlsShared } from "./client-tls-socket.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { followContexts } from "./follow-contexts.ts";
import { KeyLog } from "./key-log.ts";
import { TlsStats } from "./tls-stats.ts";

/** What a cluster's connections are encrypted with. */
export function createClientSockets(
  config: ClientTlsConfig,
  context: ClusterContext,
): UpstreamTransportSockets {
  const { clusterScope: scope, loggers, secrets } = context;
  const { followed, notReady } = followContexts(
    config.material,
    (material) => new ClientMaterial(config, material),
    { secrets, scope, side: "client" },
  );
  const logger = loggers.logger("connection");
  const shared: ClientTlsShared = {
    config,
    stats: new TlsStats(scope),
    keyLog: config.keyLogPath === undefined ? undefined : new KeyLog(config.keyLogPath, logger),
    logger,
  };
  return {
    connect: (handshake, onread) => {
      if (followed.current !== undefined) {
        return new ClientTlsSocket(handshake, onread, shared, followed.current);
      }
      notReady.inc();
      return undefined;
    },
    dispose: () => followed.close(),
  };
}
