import type { UpstreamTransportSocketFactory } from "../../../contracts/extension.ts";
import { ClientMaterial } from "./client-material.ts";
import { ClientTlsSocket, type ClientTlsShared } from "./client-tls-socket.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { followContexts } from "./follow-contexts.ts";
import { parseClientContext } from "./parse-client-context.ts";
import { TlsStats } from "./tls-stats.ts";

export const upstreamTls: UpstreamTransportSocketFactory<ClientTlsConfig> = {
  name: "envoy.transport_sockets.tls",
  messageName: "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
  parseConfig: parseClientContext,
  createTransportSockets: (config, context) => {
    const { clusterScope: scope, loggers, secrets } = context;
    const { followed, notReady } = followContexts(
      config.material,
      (material) => new ClientMaterial(config, material),
      { secrets, scope, side: "client" },
    );
    const shared: ClientTlsShared = {
      config,
      stats: new TlsStats(scope),
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
