import type { DownstreamTransportSocketFactory } from "../../../contracts/extension.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import { parseServerContext } from "./parse-server-context.ts";

export const downstreamTls: DownstreamTransportSocketFactory<ServerTlsConfig> = {
  name: "envoy.transport_sockets.tls",
  messageName: "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
  parseConfig: parseServerContext,
  createTransportSockets: async (config, context) => {
    const { createServerSockets } = await import("./server-sockets.ts");
    return createServerSockets(config, context);
  },
};
