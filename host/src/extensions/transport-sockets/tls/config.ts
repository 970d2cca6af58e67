import type { DownstreamTransportSocketFactory } from "../../../contracts/extension.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import { NotReadySocket } from "./not-ready-socket.ts";
import { parseServerContext } from "./parse-server-context.ts";
import { ServerMaterial } from "./server-material.ts";
import { ServerTlsSocket, type ServerTlsShared } from "./server-tls-socket.ts";
import { TlsStats } from "./tls-stats.ts";

export const downstreamTls: DownstreamTransportSocketFactory<ServerTlsConfig> = {
  name: "envoy.transport_sockets.tls",
  messageName: "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
  parseConfig: parseServerContext,
  createTransportSockets: (config, context) => {
    // A secret comes once for all workers.
    const counts = context.workerIndex === 0;
    const factoryStats = context.listenerScope.scope("server_ssl_socket_factory");
    const updates = factoryStats.counter("ssl_context_update_by_sds");
    const notReady = factoryStats.counter("downstream_context_secrets_not_ready");
    factoryStats.counter("upstream_context_secrets_not_ready");
    const followed = context.secrets.follow(config.material, {
      build: (material) => new ServerMaterial(config, material),
      onUpdated: () => {
        if (counts) updates.inc();
      },
    });
    if (counts) updates.add(followed.arrivedSecrets);
    const shared: ServerTlsShared = {
      config,
      stats: new TlsStats(context.listenerScope),
      logger: context.loggers.logger("connection"),
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
  },
};
