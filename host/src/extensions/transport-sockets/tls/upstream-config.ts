import type { UpstreamTransportSocketFactory } from "../../../contracts/extension.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { parseClientContext } from "./parse-client-context.ts";

export const upstreamTls: UpstreamTransportSocketFactory<ClientTlsConfig> = {
  name: "envoy.transport_sockets.tls",
  messageName: "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
  parseConfig: parseClientContext,
  createTransportSockets: async (config, context) => {
    const { createClientSockets } = await import("./client-sockets.ts");
    return createClientSockets(config, context);
  },
};
