import type { DownstreamTransportSocketFactory } from "../../../contracts/extension.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import { parseServerContext } from "./parse-server-context.ts";
import { PeerVerifier } from "./peer-verifier.ts";
import { ServerContexts } from "./server-contexts.ts";
import { ServerTlsSocket, type ServerTlsShared } from "./server-tls-socket.ts";
import { tlsStats } from "./tls-stats.ts";

export const downstreamTls: DownstreamTransportSocketFactory<ServerTlsConfig> = {
  name: "envoy.transport_sockets.tls",
  messageName: "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
  parseConfig: parseServerContext,
  createTransportSockets: (config, context) => {
    const contexts = new ServerContexts(config);
    const shared: ServerTlsShared = {
      config,
      contexts,
      verifier: new PeerVerifier(config.validation),
      stats: tlsStats(context.listenerScope),
      logger: context.loggers.logger("connection"),
      requestsCertificate: config.requireClientCertificate || config.validation !== undefined,
      onServerName: contexts.chooses
        ? (serverName, done) => done(null, contexts.choose(serverName))
        : undefined,
    };
    return { secure: (accepted) => new ServerTlsSocket(accepted, shared) };
  },
};
