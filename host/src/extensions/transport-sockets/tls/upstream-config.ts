import type { UpstreamTransportSocketFactory } from "../../../contracts/extension.ts";
import { ClientMaterial } from "./client-material.ts";
import { ClientTlsSocket, type ClientTlsShared } from "./client-tls-socket.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { parseClientContext } from "./parse-client-context.ts";
import { TlsStats } from "./tls-stats.ts";

export const upstreamTls: UpstreamTransportSocketFactory<ClientTlsConfig> = {
  name: "envoy.transport_sockets.tls",
  messageName: "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
  parseConfig: parseClientContext,
  createTransportSockets: (config, context) => {
    const { clusterScope, loggers, secrets } = context;
    const factoryStats = clusterScope.scope("client_ssl_socket_factory");
    const updates = factoryStats.counter("ssl_context_update_by_sds");
    const notReady = factoryStats.counter("upstream_context_secrets_not_ready");
    factoryStats.counter("downstream_context_secrets_not_ready");
    const followed = secrets.follow(config.material, {
      build: (material) => new ClientMaterial(config, material),
      onUpdated: () => updates.inc(),
    });
    const shared: ClientTlsShared = {
      config,
      stats: new TlsStats(clusterScope),
      logger: loggers.logger("connection"),
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
  },
};
